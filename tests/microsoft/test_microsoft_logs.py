"""The whole of it at the most talkative level: no secret, no address and no token stands in a log."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from microsoft_rig import DANA, Msp, Person, Providers, on_one_database, query_of

from emulators.entra import CLIENT_ID, CLIENT_SECRET, LARKFIELD_TENANT
from podserver import logs
from podserver.database import now, writing
from podserver.microsoft import push, service
from podserver.verification.destinations import account_target
from podserver.verification.models import State

pytestmark = [on_one_database, pytest.mark.filterwarnings("ignore:response_mode")]
SECRET = "a-secret-of-larkfield"
# By contact: who signs in, and what Microsoft's stand-in does to them when they come back.
SCENES: dict[str, tuple[str, str, Any]] = {
    "77": (DANA, "slow_seconds", 0),
    "78": ("marcus@larkfield.example", "wrong_nonce", True),
    "79": ("ingrid@larkfield.example", "token_error", 54005),
    "80": ("t.brandt@larkfield.example", "http_503", True),
    "81": ("dana@larkfield.example", "graph_down", True),
    "82": ("marcus@larkfield.example", "signin_down", True),
}


def test_no_secret_reaches_a_log_whatever_happens(
    app: Flask, northgate: Msp, dana: Person, providers: Providers, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    logs.configure("debug")
    caplog.set_level(logging.DEBUG)
    providers.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET)
    client = northgate.add_client(consented_at=now())
    canaries: set[str] = {SECRET, CLIENT_SECRET, "@larkfield.example"}
    # Sign-ins, good and bad, and what Microsoft may do to them.
    for contact, (upn, fault, value) in SCENES.items():
        link = northgate.link(upn, contact=contact)
        address = dana.leave(link)
        back = providers.choose(address, account=providers.user_id(upn))
        cookie = dana.client.get_cookie("podserver-microsoft")
        assert cookie is not None
        asked = query_of(address)
        canaries |= {link.token, cookie.value, asked["state"], asked["nonce"], query_of(back)["code"]}
        providers.faults(**{fault: value})
        dana.come_back(back)
        providers.faults(**{fault: type(value)()})
    # An app that is refused, and one that is taken.
    admin = northgate.browser()
    form = {"client_id": CLIENT_ID, "client_secret": "not-the-secret-1", "directory": "northgate.example"}
    admin.post("/microsoft", form)
    canaries.add("not-the-secret-1")
    # A push, from the secret to the answer.
    with writing(northgate.session) as session:
        row = service.client(session, client.id)
        push.keep_secret(session, row, SECRET, now() + timedelta(days=9), actor="tests", at=now())
        row.checked_at = now()
        push.switch_on(session, row, actor="tests", at=now())
    result = start_push(northgate)
    northgate.work(until=lambda: providers.look("pushes.json")["pushes"])
    out = providers.look("pushes.json")["pushes"][0]
    providers.control(f"pushes/{out['session']}", answer="approve")
    northgate.work(until=lambda: northgate.row(result).state == State.VERIFIED)
    written = caplog.text + "".join(capfd.readouterr())
    assert "outbox.handed_over" in written and "microsoft.came_back" in written
    assert "microsoft.not_reached" in written
    leaked = sorted(each for each in canaries if each in written)
    assert not leaked
    assert "eyJ" not in written and "Bearer" not in written


def start_push(msp: Msp) -> Any:
    msp.seeds.allow(methods=["authenticator_push"])
    target = account_target(
        kind="microsoft",
        hash_key=msp.seeds.tenant.hash_key,
        integration_id=msp.seeds.integration.id,
        contact="77",
        address=DANA,
    )
    result = msp.seeds.start(method="authenticator_push", target=target, at=now(), again=True)
    assert result.verification is not None, result.refused
    return result.verification
