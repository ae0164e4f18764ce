"""Setting up Kaseya BMS: what is typed, what BMS says to it, and the note type that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from portal_rig import Browser, Emulators, on_one_database, stored, switches, words

from connectors.kaseya_bms import KaseyaBms
from podserver.integrations.commands import add
from podserver.integrations.fields import clean, completed
from podserver.integrations.models import Psa
from podserver.integrations.psas import BadInput, Reach, kind_of

NEW = "/integrations/kaseya_bms/new"
KEYS = {"company": "Northgate IT", "user": "caller.verify", "password": "demo-Bms-1!", "name": "BMS"}
KIND = kind_of(Psa.KASEYA_BMS)


@pytest.fixture
def control(emulators: Emulators) -> Iterator[Callable[[str, Any], None]]:
    """Presses the stand-in's switches."""
    yield from switches(emulators, "kaseya_bms")


@on_one_database
def test_a_user_whom_bms_lets_in_is_saved_with_the_note_type_of_most_notes(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    text = words(admin.post(NEW, {**KEYS, "server": emulators.url}).text)
    assert "Kaseya BMS confirmed the keys as Caller Verify" in text
    assert text.count("✓ Present") == 6 and text.count("? Unknown") == 2 and "✕ Missing" not in text
    (saved,) = stored(app)
    assert (saved.site, saved.origin) == (f"{emulators.url}, Northgate IT", "")
    assert saved.values["note_type"] == "4" and saved.values["change_phones"] == ""
    assert saved.secrets["password"] == "demo-Bms-1!" and "password" not in saved.values
    lists = words(admin.get(f"/integrations/{saved.id}/lists").text)
    assert "Task Notes" in lists


@on_one_database
def test_a_missing_right_is_named_and_does_not_keep_it_from_being_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    control("faults", {"no_tickets_view": True, "right_status": 200})
    text = words(admin.post(NEW, {**KEYS, "server": emulators.url}).text)
    assert "Service Desk > Tickets: View" in text and text.count("✕ Missing") == 1
    assert [row.values["note_type"] for row in stored(app)] == [""]


@on_one_database
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "wrong-But-secret"}, "Kaseya BMS refused the sign-in"),
        ({"company": "NorthgateIT"}, "Kaseya BMS refused the sign-in"),
        ({"user": "no.access"}, "Has API Access"),
        ({"mfa_secret": "123"}, "letters A to Z"),
        ({"server": "http://bms.kaseya.com"}, "must be an https address"),
        ({"company": "https://bms.kaseya.com/"}, "not an address"),
    ],
)
def test_what_bms_or_a_rule_refuses_is_told_and_not_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None], change: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    answer = admin.post(NEW, {**KEYS, "server": emulators.url, **change})
    assert sentence in words(answer.text) and "wrong-But-secret" not in answer.text
    assert not stored(app)


def test_the_fields_become_a_connector_and_a_note_type_must_be_one(
    emulators: Emulators, control: Callable[[str, Any], None]
) -> None:
    typed = {**KEYS, "server": emulators.url, "change_phones": "1", "mfa_secret": "jbsw y3dp ehpk 3pxp"}
    values = clean(KIND, typed)
    assert values["mfa_secret"] == "JBSWY3DPEHPK3PXP" and KIND.place(values) == f"{emulators.url} northgate it"
    connector = KIND.make({**values, "mfa_secret": ""}, Reach())
    assert (
        isinstance(connector, KaseyaBms)
        and connector.capabilities > KIND.make({**values, "change_phones": ""}, Reach()).capabilities
    )
    control("faults", {"lookup_tables": "NoteType"})
    assert completed(KIND, values, connector)["note_type"] == "4"
    with pytest.raises(BadInput, match="no such note type"):
        completed(KIND, {**values, "note_type": "5"}, connector)
    assert KIND.frame is None and KIND.secrets == {"password", "mfa_secret"}


def test_no_field_takes_an_option_of_the_shell_command_itself() -> None:
    command = add.commands["kaseya-bms"]
    names = [name for option in command.params for name in option.opts]
    assert len(names) == len(set(names)) and "--may-change-phones" not in names and "--change-phones" in names
