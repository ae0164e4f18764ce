"""Setting up HaloPSA: what is typed, what HaloPSA says to it, the outcomes, and the custom tab's addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from portal_rig import Browser, Emulators, on_one_database, stored, switches, words
from sqlalchemy import select

from connectors.base import Capability
from emulators.halo import CLIENT_ID, CLIENT_SECRET
from podserver.database import db
from podserver.history.models import HistoryEvent
from podserver.integrations.fields import clean, completed
from podserver.integrations.models import Psa
from podserver.integrations.psas import Reach, kind_of
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
    """Presses the stand-in's switches."""
    yield from switches(emulators, "halo")


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
    bare = {**values, "sign_in": "trusted", "tab_secret": ""}
    assert completed(KIND, bare, connector)["sign_in"] == "trusted", "it can be saved, and counts as off"
    assert Capability.CONFIRM_MEMBER not in KIND.make(bare, Reach()).capabilities
    assert KIND.frame is not None
    assert KIND.frame.origins(values, connector) == (emulators.url, "https://halo.msp.example")
    assert KIND.frame.origins({**values, "other_address": ""}, None) == (emulators.url,)
    assert KIND.place(values) == f"{emulators.url}/api {emulators.url}/auth northgate"
    assert KIND.hosts(values) == (f"{emulators.url}/api", f"{emulators.url}/auth")
    assert KIND.secrets == {"client_secret", "tab_secret"}


UNKNOWN = "Technicians are not known by the tab's signature yet"


@on_one_database
def test_technicians_are_named_by_the_signature_unless_said_otherwise_and_a_missing_secret_is_told(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    typed = {name: value for name, value in TYPED.items() if name != "sign_in"}
    assert '<option value="pre-fill" selected>' in admin.get(NEW).text
    admin.post(NEW, {**typed, "sign_in": "pre-fill", "resource_server": emulators.url})
    (saved,) = stored(app)
    assert (saved.values["sign_in"], saved.secrets["tab_secret"]) == ("pre-fill", "")
    page = f"/integrations/{saved.id}"
    assert UNKNOWN in words(admin.get(page).text)
    admin.post(page, {**typed, "sign_in": "off", "resource_server": emulators.url})
    assert UNKNOWN not in words(admin.get(page).text)
    admin.post(page, {**typed, "sign_in": "trusted", "resource_server": emulators.url})
    assert UNKNOWN in words(admin.get(page).text)
    admin.post(
        page, {**typed, "sign_in": "trusted", "tab_secret": "a-long-tab-secret", "resource_server": emulators.url}
    )
    assert UNKNOWN not in words(admin.get(page).text)


def tabs(emulators: Emulators) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{emulators.url}/halo/_control/records/tabs", timeout=10).json()
    return found


def history_of(app: Flask) -> str:
    with app.app_context(), across_tenants(db.session()):
        return str(db.session.execute(select(HistoryEvent.detail)).all())


@on_one_database
def test_the_tabs_are_installed_with_a_secret_that_both_sides_know_and_nobody_reads(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    admin.post(NEW, {**TYPED, "sign_in": "pre-fill", "resource_server": emulators.url})
    page = f"/integrations/{stored(app)[0].id}"
    refused = words(admin.post(f"{page}/install", page=page).text)
    assert "it lacks the permission admin. Make the tab by hand" in refused and tabs(emulators) == []
    assert stored(app)[0].secrets["tab_secret"] == "", "what HaloPSA has not taken is not kept"
    control("faults", {"granted_too": "admin"})
    done = admin.post(f"{page}/install", page=page).text
    ticket, user = tabs(emulators)
    assert f"Ticket: created, and allowed on 1 more ticket type, row {ticket['id']}" in words(done)
    assert f"User: created, row {user['id']}" in words(done) and "by hand" in words(done)
    secret = stored(app)[0].secrets["tab_secret"]
    assert ticket["_secret"] == user["_secret"] == secret and len(secret) > 40
    assert UNKNOWN not in words(done)
    for text in (done, admin.get(page).text, history_of(app)):
        assert secret not in text
    assert "pod rows created" in history_of(app)
    again = words(admin.post(f"{page}/install", page=page).text)
    assert f"Ticket: found, row {ticket['id']}" in again and len(tabs(emulators)) == 2
    assert stored(app)[0].secrets["tab_secret"] == secret


@on_one_database
def test_a_secret_that_halo_took_before_it_failed_is_kept(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    admin.post(NEW, {**TYPED, "sign_in": "pre-fill", "resource_server": emulators.url})
    page = f"/integrations/{stored(app)[0].id}"
    control("faults", {"granted_too": "admin"})
    writes: list[str] = []

    def fail_the_second_time(path: str) -> None:
        # Each of the two installations begins with the list.
        writes.append(path)
        if writes.count("/api/Tabs") == 3:
            emulators.watch.clear()
            control("faults", {"only": "/Tabs", "down": True})

    emulators.watch.append(fail_the_second_time)
    failed = words(admin.post(f"{page}/install", page=page).text)
    assert "HaloPSA is in trouble" in failed and "Ticket: created" in failed
    (row,) = tabs(emulators)
    assert row["_secret"] == stored(app)[0].secrets["tab_secret"] != ""
    control("faults", {"reset": True, "granted_too": "admin"})
    admin.post(f"{page}/install", page=page)
    assert {row["_secret"] for row in tabs(emulators)} == {stored(app)[0].secrets["tab_secret"]}
    assert len(tabs(emulators)) == 2


def test_where_the_signature_is_off_the_tabs_get_no_secret(
    emulators: Emulators, control: Callable[[str, Any], None]
) -> None:
    control("faults", {"granted_too": "admin"})
    values = clean(KIND, {**TYPED, "resource_server": emulators.url})
    assert KIND.frame is not None and KIND.frame.setups is not None and KIND.frame.new_secret(values) == ""
    KIND.make(values, Reach()).install_pod(KIND.frame.setups("https://pod.example/pod/halo/k?x", "", 0))
    assert [row["send_secure_url_parameter"] for row in tabs(emulators)] == [False, False]
