"""The emulator of BMS seen through a client that a third party's generator made of Kaseya's own description."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import parts
import pytest
from bms_description import Description
from bms_excerpt import excerpt
from published_rig import TENANT, USER, RelayedWorld
from world import PROJECT

from emulators.kaseya_bms.paths import _CALLS
from emulators.kaseya_bms.seed_lists import PASSWORD

GENERATOR: Final = PROJECT / "build" / "published" / "openapi-python-client" / "bin"
DRIVER: Final = Path(__file__).with_name("bms_client_calls.py")
TICKET, CONTACT = 1048213, 90211
LOGIN: Final = {"GrantType": "password", "UserName": USER, "Password": PASSWORD, "Tenant": TENANT}
NEW: Final = {
    "title": "From outside", "details": "Asked.", "accountId": 5521, "locationId": 7714, "contactId": CONTACT,
    "statusId": 35540, "priorityId": 31207, "typeId": 8, "sourceId": 1, "queueId": 28804,
    "openDate": "2026-03-12T14:05:00+00:00",
}  # fmt: skip
NOTE: Final = {"details": "Seen", "isInternal": True, "noteDate": "2026-03-12T14:06:10+00:00", "typeId": 4}


@pytest.fixture(scope="module")
def client(description: Description, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the client, made of the description of all that the emulator serves."""
    generator = GENERATOR / "openapi-python-client"
    if not generator.exists():
        parts.missing("The generator openapi-python-client==0.29.1")
    folder = tmp_path_factory.mktemp("generated")
    calls = [(method, "/v2/" + path.replace("{name}", "X").replace("{}", "1")) for method, path, _ in _CALLS]
    document = excerpt(description, [("POST", "/v2/security/authenticate"), *calls])
    (folder / "bms.json").write_text(json.dumps(document))
    done = subprocess.run(
        [str(generator), "generate", "--path", "bms.json", "--meta", "none", "--output-path", "bms_client",
         "--fail-on-warning"],
        cwd=folder, env=os.environ | {"PATH": f"{GENERATOR}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def run(client: Path, bms: RelayedWorld, *calls: tuple[str, dict[str, Any], Any]) -> list[Any]:
    """The results that the client's models read out of the answers, one for each call."""
    named = [{"call": name, "given": given, "body": body} for name, given, body in calls]
    done = subprocess.run(
        [str(GENERATOR / "python"), str(DRIVER)],
        input=json.dumps({"url": bms.relay.url, "login": LOGIN, "calls": named}),
        env=os.environ | {"PYTHONPATH": str(client)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [answer.get("result", answer) for answer in json.loads(done.stdout)]


def test_it_signs_in_and_reads(client: Path, bms: RelayedWorld) -> None:
    wanted = {"pageSize": 5, "pageNumber": 1, "filter": {"title": "webmail", "excludeCompleted": 1}}
    who, found, ticket, contacts, contact, statuses, people = run(
        client, bms,
        ("security.user_info", {}, None),
        ("tickets.search_tickets", {}, wanted),
        ("tickets.get_ticket", {"ticket_id": TICKET}, None),
        ("contacts.get_contacts_list_summary", {"filter_phone": "2025550142"}, None),
        ("contacts.get_contact_summary", {"id": CONTACT}, None),
        ("statuses.get_status_lookups", {}, None),
        ("employees.get_employees_list_search_select", {"filter_is_active": True}, None),
    )  # fmt: skip
    assert (who["businessName"], who["fullName"]) == (TENANT, "Caller Verify")
    assert [(row["id"], row["contactName"]) for row in found] == [(TICKET, "Dana Whitfield")]
    assert (ticket["contactEmail"], ticket["statusName"]) == ("dana@larkfield.example", "New")
    assert ticket["openDate"] == found[0]["openDate"]
    assert CONTACT in [row["id"] for row in contacts]
    assert "2025550142" in [phone["phone"] for phone in contact["phones"]]
    assert "Completed" in [status["name"] for status in statuses]
    assert "sam@northgate.example" in [person["emailAddress"] for person in people]


def test_it_writes(client: Path, bms: RelayedWorld) -> None:
    phone = {"operation": 1, "phoneNumber": "2025550142", "newPhoneNumber": "+1 202 555 0190", "typeId": 3}
    step = {"op": "replace", "path": "/StatusId", "value": 35543}
    made, noted, notes, moved, phones = run(
        client, bms,
        ("tickets.post_ticket", {}, NEW),
        ("tickets.post_ticket_note", {"ticket_id": TICKET}, NOTE),
        ("tickets.get_ticket_notes", {"ticket_id": TICKET}, None),
        ("tickets.patch_ticket", {"ticket_id": TICKET}, [step]),
        ("contacts.patch_contact_phones", {"contact_id": CONTACT}, [phone]),
    )  # fmt: skip
    assert (made["title"], made["queueName"], made["contactId"]) == ("From outside", "Help Desk", CONTACT)
    assert "From outside" in bms.summaries()
    assert (noted["typeName"], noted["createdByName"]) == ("Task Notes", "Caller Verify")
    assert noted in notes and [note.internal for note in bms.notes() if note.text == "Seen"] == [True]
    assert moved["statusName"] == "In Progress"
    assert (phones["updated"], phones["added"]) == (1, 0)
    assert "+1 202 555 0190" in [each["phone"] for each in phones["phones"]]
