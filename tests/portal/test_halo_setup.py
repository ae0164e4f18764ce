"""Setting up HaloPSA: what is typed, what HaloPSA says to it, the outcomes, and the custom tab's addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from portal_rig import Browser, Emulators, on_one_database, words
from sqlalchemy import select

from connectors.base import Capability
from emulators.halo import CLIENT_ID, CLIENT_SECRET
from podserver.database import db
from podserver.integrations.fields import clean, completed
from podserver.integrations.models import Integration, Psa
from podserver.integrations.psas import BadInput, Reach, kind_of
from podserver.tenancy import across_tenants

NEW = "/integrations/halo/new"
TYPED = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "tenant": "northgate",
    "sign_in": "off",
    "name": "Halo",
}
KIND = kind_of(Psa.HALO)


@pytest.fixture
def control(emulators: Emulators) -> Iterator[Callable[[str, Any], None]]:
    """Presses the emulator's switches; all are at rest before and after."""

    def press(name: str, body: Any) -> None:
        requests.post(f"{emulators.url}/halo/_control/{name}", json=body, timeout=10).raise_for_status()

    press("reset", {})
    yield press
    press("reset", {})


def stored(app: Flask) -> list[Integration]:
    with app.app_context(), across_tenants(db.session()):
        return list(db.session.scalars(select(Integration).order_by(Integration.id)))


@on_one_database
def test_an_application_that_halo_confirms_is_saved_with_the_outcomes_that_can_be_meant(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    text = words(admin.post(NEW, {**TYPED, "resource_server": f"{emulators.url}/api"}).text)
    assert "HaloPSA confirmed the keys as Pod Integration" in text
    assert text.count("✓ Present") == 4 and "✕ Missing" not in text
    (saved,) = stored(app)
    assert (saved.site, saved.origin) == (emulators.url.removeprefix("http://"), emulators.url)
    assert (saved.values["internal_outcome"], saved.values["public_outcome"]) == ("7", "8")
    assert saved.secrets["client_secret"] == CLIENT_SECRET and "client_secret" not in saved.values
    page = words(admin.get(f"/integrations/{saved.id}").text)
    assert f"/pod/halo/{saved.pod_key}?id=$FAULTID&screen=ticket&agentId=$LOGGEDINAGENTID&hmac=$HMAC" in page
    assert "id=$USERID&screen=contact&agentId=$LOGGEDINAGENTID&hmac=$HMAC" in page
    assert "Configuration > Custom Objects > Custom Tabs" in page
    lists = words(admin.get(f"/integrations/{saved.id}/lists").text)
    assert "Technician Note – hides the note from the user" in lists and "Old Private Note" not in lists


@on_one_database
def test_a_missing_permission_is_named_and_does_not_keep_it_from_being_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    control("faults", {"withheld": "edit:customers"})
    text = words(admin.post(NEW, {**TYPED, "resource_server": emulators.url}).text)
    assert text.count("✕ Missing") == 1 and "edit:customers" in text
    assert [row.values["internal_outcome"] for row in stored(app)] == ["7"]


@on_one_database
def test_an_application_that_may_not_even_say_who_it_is_is_told_what_it_lacks(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    control("faults", {"withheld": "edit:tickets,read:tickets"})
    text = words(admin.post(NEW, {**TYPED, "resource_server": emulators.url}).text)
    assert "The HaloPSA application lacks the permission read:tickets. Grant it under Configuration" in text
    assert not stored(app)


@on_one_database
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"client_secret": "wrong-But-secret"}, "HaloPSA does not accept the Client ID and Client Secret"),
        ({"tenant": "southgate"}, "its Tenant is northgate, not southgate"),
        ({"resource_server": "http://acme.halopsa.com"}, "must be an https address"),
        ({"authorisation_server": "nowhere"}, "Authorisation Server has no host name"),
        ({"tenant": "a/b"}, "The tenant is the short name"),
        ({"client_id": "short"}, "The client ID is none"),
        ({"sign_in": "trusted"}, "enter the tab&#39;s secret"),
        ({"sign_in": "trusted", "tab_secret": "short"}, "12 to 200 characters"),
        ({"other_address": "ftp://x"}, "The other address is an https address"),
    ],
)
def test_what_halo_or_a_rule_refuses_is_told_and_not_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None], change: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    answer = admin.post(NEW, {**TYPED, "resource_server": emulators.url, **change})
    assert sentence in answer.text or sentence in words(answer.text)
    assert "wrong-But-secret" not in answer.text
    assert not stored(app)


def test_the_fields_become_a_connector_that_confirms_only_where_it_may(
    emulators: Emulators, control: Callable[[str, Any], None]
) -> None:
    secret = "a-long-tab-secret"
    typed = {
        **TYPED,
        "resource_server": emulators.url,
        "tab_secret": secret,
        "other_address": "https://HALO.msp.example/x",
    }
    values = clean(KIND, typed)
    for mode, confirms in (("off", False), ("pre-fill", True), ("trusted", True)):
        connector = KIND.make({**values, "sign_in": mode}, Reach())
        assert (Capability.CONFIRM_MEMBER in connector.capabilities) is confirms
    assert completed(KIND, values, connector)["public_outcome"] == "8"
    with pytest.raises(BadInput, match="tab's secret"):
        completed(KIND, {**values, "sign_in": "trusted", "tab_secret": ""}, connector)
    assert KIND.frame is not None
    assert KIND.frame.origins(values, connector) == (emulators.url, "https://halo.msp.example")
    assert KIND.frame.origins({**values, "other_address": ""}, None) == (emulators.url,)
    assert KIND.place(values) == f"{emulators.url}/api {emulators.url}/auth northgate"
    assert KIND.hosts(values) == (f"{emulators.url}/api", f"{emulators.url}/auth")
    assert KIND.secrets == {"client_secret", "tab_secret"}
