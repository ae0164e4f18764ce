"""Addresses, tokens, scopes and rights, and who opened a custom tab."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, jsonify
from werkzeug.serving import make_server

from connectors import halo as package
from connectors.base import BadCredentials, Capability, MissingPermission, Rejected, Unavailable
from connectors.halo import Halo, parse_servers
from emulators.halo import CLIENT_ID, CLIENT_SECRET, SIGN_IN_CLIENT_ID, SIGN_IN_SECRET

if TYPE_CHECKING:
    from tests.connectors.halo.conftest import HaloStand

SIGNED = {42: "9efZOD8UqsAkdDuR2tHjgate1qLJag8+cr0KgkEVFNk=", 7: "2scAGIY1LGeQhciR2liF7fuz4c/4yLZagyWZXtAaf34="}


def test_the_example_of_the_package_runs(halo_stand: HaloStand) -> None:
    lines = inspect.getdoc(package).splitlines()  # type: ignore[union-attr]
    start = next(number for number, line in enumerate(lines) if line.endswith("::")) + 1
    end = next(number for number, line in enumerate(lines) if line.startswith("Every failure"))
    example = textwrap.dedent("\n".join(lines[start:end]))
    assert len(example.strip().splitlines()) <= 11
    names: dict[str, Any] = {}
    exec(example.replace("https://acme.halopsa.com", halo_stand.url).replace("the client secret", CLIENT_SECRET), names)
    assert names["mobile"].value == "2025550142"
    assert halo_stand.control("records/tickets/4713")["_actions"][-1]["note"] == names["note"].text


@pytest.mark.parametrize(
    ("resource", "authorisation", "api", "auth"),
    [
        ("acme.halopsa.com", "", "https://acme.halopsa.com/api", "https://acme.halopsa.com/auth"),
        ("https://ACME.halopsa.com/api/", "", "https://acme.halopsa.com/api", "https://acme.halopsa.com/auth"),
        (" https://acme.halopsa.com/tickets?id=5 ", "", "https://acme.halopsa.com/api", "https://acme.halopsa.com/auth"),
        ("https://halo.msp.example:8443/halo/api", "", "https://halo.msp.example:8443/halo/api",
         "https://halo.msp.example:8443/halo/auth"),
        ("https://acme.halopsa.com.halopsa.com", "", "https://acme.halopsa.com/api", "https://acme.halopsa.com/auth"),
        ("https://halo.msp.example/api", "https://auth.halopsa.com/auth/", "https://halo.msp.example/api",
         "https://auth.halopsa.com/auth"),
        ("http://localhost:8100", "", "http://localhost:8100/api", "http://localhost:8100/auth"),
    ],
)  # fmt: skip
def test_what_admins_copy_becomes_the_two_servers(resource: str, authorisation: str, api: str, auth: str) -> None:
    found = parse_servers(resource, authorisation)
    assert (found.api, found.auth, found.auth_known) == (api, auth, bool(authorisation))


@pytest.mark.parametrize(
    "typed",
    ["", "http://acme.halopsa.com", "ftp://acme.halopsa.com", "https://u:p@acme.halopsa.com", "acme", "https://10.0.0.1",
     "https://acme.halopsa.com:99999", "https://ac me.halopsa.com", "https://", "x" * 400, "https://-a.example"],
)  # fmt: skip
def test_what_is_no_address_of_a_halo_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Rejected, match="Resource Server"):
        parse_servers(typed)


@pytest.mark.parametrize(
    "changes", [{"client_id": ""}, {"client_secret": "a b"}, {"tenant": "a/b"}, {"internal_outcome": "x"}]
)
def test_a_value_that_cannot_be_right_is_refused_before_anything_is_sent(
    connect_halo: Callable[..., Halo], halo_stand: HaloStand, changes: dict[str, str]
) -> None:
    with pytest.raises(Rejected):
        connect_halo(**changes)
    assert halo_stand.asked() == []


def test_a_token_is_asked_for_with_its_scopes_and_kept(halo: Halo, halo_stand: HaloStand) -> None:
    halo.ticket("4713")
    halo.ticket("4719")
    assert [row["path"] for row in halo_stand.asked()] == ["/auth/token", "/Tickets/4713", "/Tickets/4719"]
    assert "edit:tickets" in next(r.purpose + r.needed for r in halo.rights() if r.name == "edit:tickets")


def test_a_tenant_that_is_needed_is_asked_of_halo(connect_halo: Callable[..., Halo], halo_stand: HaloStand) -> None:
    halo_stand.faults(tenant_enforced=True)
    assert connect_halo(tenant="northgate").ticket("4713").ref == "4713"
    assert halo_stand.asked("/authinfo") == []
    assert connect_halo().ticket("4713").ref == "4713"
    with pytest.raises(BadCredentials, match="its Tenant is northgate, not southgate"):
        connect_halo(tenant="southgate").whoami()


@pytest.mark.parametrize("elsewhere", [True, False])
def test_the_token_endpoint_may_be_elsewhere_but_only_on_the_same_host(elsewhere: bool) -> None:
    app = Flask(__name__)
    asked: list[str] = []

    @app.get("/api/authinfo")
    def info() -> Any:
        base = "https://evil.example" if elsewhere else f"http://127.0.0.1:{server.server_port}"
        return jsonify({"auth_url": f"{base}/login", "tenant_id": ""})

    @app.post("/login/token")
    def token() -> Any:
        asked.append("here")
        return jsonify({"access_token": "abc", "expires_in": 3600, "scope": "edit:tickets edit:customers"})

    @app.get("/api/Agent/me")
    def me() -> Any:
        return jsonify({"id": 57, "name": "Pod", "isapiagent": True})

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    psa = Halo(f"http://127.0.0.1:{server.server_port}", "id", "secret")
    try:
        if elsewhere:
            with pytest.raises(Rejected, match=r"evil\.example/login.*Authorisation Server"):
                psa.whoami()
            assert asked == []
        else:
            assert psa.whoami().api_only and asked == ["here"]
    finally:
        psa.close()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("refused", [True, False])
def test_an_application_that_may_only_read_reads(halo: Halo, halo_stand: HaloStand, refused: bool) -> None:
    halo_stand.faults(withheld="edit:customers", refuse_ungranted=refused)
    assert halo.contact("311").name == "Dana Whitfield"
    granted = {right.name: right.granted for right in halo.rights()}
    assert (granted["edit:tickets"], granted["read:customers"], granted["edit:customers"]) == (True, True, False)
    with pytest.raises(MissingPermission, match=r"lacks the permission edit:customers\. Grant it under Configuration"):
        halo.update_mobile("311", "mobilenumber", "+12025550190")


@pytest.mark.parametrize("status", ["403", "401"])
def test_a_missing_permission_is_no_wrong_secret(halo: Halo, halo_stand: HaloStand, status: str) -> None:
    halo_stand.faults(withheld="edit:tickets,read:tickets", missing_right_status=status)
    with pytest.raises(MissingPermission) as caught:
        halo.ticket("4713")
    assert caught.value.right == "read:tickets"
    assert halo.contact("311").ref == "311"


def test_an_application_without_any_permission_says_so(halo: Halo, halo_stand: HaloStand) -> None:
    everything = "edit:tickets,read:tickets,edit:customers,read:customers"
    halo_stand.faults(withheld=everything, refuse_ungranted=True)
    with pytest.raises(BadCredentials, match="none of the permissions edit:tickets, edit:customers"):
        halo.whoami()


def test_an_application_of_another_type_is_named(connect_halo: Callable[..., Halo]) -> None:
    with pytest.raises(BadCredentials, match=r"Client ID and Secret \(Services\)"):
        connect_halo(client_id=SIGN_IN_CLIENT_ID, client_secret=SIGN_IN_SECRET).whoami()


def test_a_refusal_is_believed_only_with_a_new_token(halo: Halo, halo_stand: HaloStand) -> None:
    halo_stand.faults(withheld="edit:customers,read:customers")
    halo.whoami()
    halo_stand.faults(withheld="")
    held = halo._api.tokens.get()
    halo._api.tokens._held = dataclasses.replace(held, issued=held.issued - 60)
    assert halo.contact("311").ref == "311"


def test_a_token_that_ended_early_is_renewed_once_by_all_threads_together(halo: Halo, halo_stand: HaloStand) -> None:
    halo.whoami()
    before = len(halo_stand.asked("/auth/token"))
    halo_stand.control("end_tokens", {})
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda ref: halo.ticket(ref).ref, ["4713", "4719", "4730"]))
    assert found == ["4713", "4719", "4730"]
    assert len(halo_stand.asked("/auth/token")) == before + 1


def test_a_note_is_not_doubled_by_a_renewal(halo: Halo, halo_stand: HaloStand) -> None:
    halo.whoami()
    halo_stand.faults(token_ended=1)
    halo.post_note("4713", "Verified (ref 8F2C)")
    notes = [row["note"] for row in halo_stand.control("records/tickets/4713")["_actions"]]
    assert notes.count("Verified (ref 8F2C)") == 1


def test_a_token_server_in_trouble_is_not_a_wrong_secret(halo: Halo, halo_stand: HaloStand) -> None:
    halo_stand.faults(server_error=True, only="POST /auth/token")
    with pytest.raises(Unavailable, match="Tenant is wrong") as caught:
        halo.post_note("4713", "x")
    assert not caught.value.ambiguous


def test_an_agent_who_sees_nothing_is_neither_granted_nor_missing(halo: Halo, halo_stand: HaloStand) -> None:
    halo_stand.faults(empty_to_agent="tickets")
    right = next(each for each in halo.rights() if each.name == "read:tickets")
    assert right.granted is None and "teams and clients" in right.given
    assert all("edit" not in each.name or each.granted for each in halo.rights())


def test_chosen_outcomes_stand_among_the_rights(connect_halo: Callable[..., Halo], halo_stand: HaloStand) -> None:
    rights = connect_halo(internal_outcome="9", public_outcome="16").rights()
    hidden, mailing = rights[-2:]
    assert (hidden.name, hidden.granted) == ("Outcome Old Private Note", False)
    assert (mailing.name, mailing.granted, mailing.purpose) == ("Outcome Email User", True, "Post public notes")
    assert "mails the user" in mailing.given
    gone = connect_halo(internal_outcome="999", public_outcome="").rights()[-1]
    assert (gone.granted, gone.given) == (False, "not there any more")


def test_the_agent_of_the_application_and_the_people(halo: Halo) -> None:
    me = halo.whoami()
    assert (me.ref, me.name, me.api_only) == ("57", "Pod Integration", True)
    assert [(m.identifier, m.name) for m in halo.members()] == [
        ("71", "Noor Haddad"),
        ("7", "Priya Nair"),
        ("42", "Sam Okafor"),
    ]
    assert halo.member("63").inactive


def test_the_browsers_origin_is_what_halo_says(halo: Halo, halo_stand: HaloStand) -> None:
    assert halo.agent_origin() == halo_stand.url
    halo_stand.faults(down=True)
    assert halo.agent_origin() == halo_stand.url


@pytest.mark.parametrize("agent", SIGNED)
def test_a_tabs_signature_confirms_its_agent(halo: Halo, agent: int) -> None:
    found = halo.confirm_member(str(agent), SIGNED[agent], "")
    assert found.identifier == str(agent)
    assert halo.confirm_member(str(agent), SIGNED[agent].replace("+", " "), "") == found


@pytest.mark.parametrize(
    ("agent", "proof"),
    [("42", SIGNED[7]), ("7", SIGNED[42]), ("042", SIGNED[42]), ("", ""), ("42", ""), ("$LOGGEDINAGENTID", "$HMAC"),
     ("42", "x" * 5000), ("42", SIGNED[42] + "="), ("42", "é"), ("42\n", SIGNED[42])],
)  # fmt: skip
def test_another_signature_confirms_nobody_and_asks_nobody(
    halo: Halo, halo_stand: HaloStand, agent: str, proof: str
) -> None:
    with pytest.raises(BadCredentials, match="signature is not good"):
        halo.confirm_member(agent, proof, "")
    assert halo_stand.asked() == []


def test_a_disabled_or_unknown_agent_is_not_confirmed(connect_halo: Callable[..., Halo], halo_stand: HaloStand) -> None:
    halo = connect_halo(tab_secrets=["new-secret", "tab-secret-example-1"])
    assert halo.confirm_member("42", SIGNED[42], "").name == "Sam Okafor"
    halo_stand.control("records/agents/42", {"isdisabled": True})
    with pytest.raises(BadCredentials, match="disabled"):
        halo.confirm_member("42", SIGNED[42], "")
    with pytest.raises(BadCredentials, match="disabled"):
        connect_halo(tab_secrets=["s"]).confirm_member("57", "XxGHdptzO0NHl9kmSMxjn8rcvu/CFTdNgCSo6NXKzbo=", "")


def test_keys_that_are_refused_say_nothing_of_the_agent(
    connect_halo: Callable[..., Halo], halo_stand: HaloStand
) -> None:
    """Else everybody at the MSP would be counted as a forger, and kept out for a while."""
    halo = connect_halo()
    halo_stand.faults(revoked=True)
    with pytest.raises(Unavailable, match="does not accept the Client ID"):
        halo.confirm_member("42", SIGNED[42], "")
    with pytest.raises(BadCredentials, match="signature is not good"):
        halo.confirm_member("42", SIGNED[7], "")


def test_without_a_tabs_secret_nobody_can_be_confirmed(connect_halo: Callable[..., Halo]) -> None:
    bare = connect_halo(tab_secrets=[""])
    assert Capability.CONFIRM_MEMBER not in bare.capabilities and CLIENT_ID not in repr(bare)
    assert Capability.CONFIRM_MEMBER in connect_halo().capabilities
    with pytest.raises(BadCredentials):
        bare.confirm_member("42", "ls4KWoIINwq0q9Y1RgxMmvyUxujyo9cXFHpDSl4/TJs=", "")
