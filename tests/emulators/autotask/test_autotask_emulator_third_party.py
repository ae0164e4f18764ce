"""The emulator seen through apigrate's client, which others wrote against the real thing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import parts
import pytest
from world import PROJECT

if TYPE_CHECKING:
    from tests.emulators.autotask.conftest import Autotask

pytestmark = pytest.mark.standin

CLIENT: Final = PROJECT / "build" / "stand-ins" / "node_modules" / "@apigrate" / "autotask-restapi"
DRIVER: Final = Path(__file__).with_name("apigrate.cjs")
NOTE: Final = {"title": "t", "description": "Seen by a third party", "noteType": 2, "publish": 2}


def run(psa: Autotask, *calls: list[Any], secret: str = "") -> Any:
    """What the client found out about the zone, and what each call returned or threw."""
    node = shutil.which("node")
    if node is None or not CLIENT.exists():
        parts.missing("The npm client @apigrate/autotask-restapi@2.0.1")
    given = {
        "folder": str(CLIENT),
        "user": psa.headers["UserName"],
        "secret": secret or psa.headers["Secret"],
        "code": psa.headers["ApiIntegrationCode"],
        "base": f"{psa.url}/ATServicesRest/",
        "calls": calls,
    }
    done = subprocess.run(
        [str(node), str(DRIVER)], input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_discovers_the_zone_and_reads(psa: Autotask) -> None:
    query = {"filter": [{"op": "eq", "field": "companyID", "value": 175}], "IncludeFields": ["id", "lastName"]}
    answer = run(
        psa,
        ["Tickets", "get", 148213],
        ["Contacts", "query", query],
        ["Contacts", "count", {"filter": query["filter"]}],
        ["TicketNotes", "fieldInfo"],
        ["Tickets", "udfInfo"],
        ["Resources", "info"],
        ["ThresholdInformation", "get", ""],
    )
    assert answer["zone"]["ci"] == 500123
    ticket, contacts, count, fields, udfs, info, usage = [each["value"] for each in answer["results"]]
    assert ticket["item"]["title"] == "Cannot sign in to webmail"
    assert [row["lastName"] for row in contacts["items"]] == ["Whitfield", "Reyes", "Solberg", "Brandt"]
    assert (count["queryCount"], info["info"]["canCreate"]) == (4, False)
    labels = next(each for each in fields["fields"] if each["name"] == "publish")["picklistValues"]
    assert [each["label"] for each in labels][:2] == ["All Autotask Users", "Internal Project Team"]
    assert [each["name"] for each in udfs["fields"]] == ["Verified caller"]
    assert usage["externalRequestThreshold"] == 10000


def test_it_writes_tickets_notes_and_contacts(psa: Autotask) -> None:
    ticket = {"companyID": 175, "title": "From outside", "status": 1, "priority": 2, "queueID": 29680055}
    answer = run(
        psa,
        ["Tickets", "create", ticket],
        ["Tickets", "update", {"id": 148213, "status": 8}],
        ["TicketNotes", "create", 148213, NOTE, {"ImpersonationResourceId": "29680012"}],
        ["CompanyContacts", "update", 175, {"id": 30683077, "mobilePhone": "+44 7700 900123"}],
        ["Tickets", "get", 148213],
        ["Contacts", "get", 30683077],
        ["TicketNotes", "query", {"filter": [{"op": "contains", "field": "description", "value": "third party"}]}],
    )
    made, changed, noted, moved, found, contact, notes = [each["value"] for each in answer["results"]]
    assert psa.item("Tickets", made["itemId"])["title"] == "From outside"
    assert (changed, moved) == ({"itemId": 148213}, {"itemId": 30683077})
    assert (found["item"]["status"], contact["item"]["mobilePhone"]) == (8, "+44 7700 900123")
    assert [(row["id"], row["creatorResourceID"]) for row in notes["items"]] == [(noted["itemId"], 29680012)]


def test_it_understands_our_errors(psa: Autotask) -> None:
    psa.faults(missing_item="404", missing_rights={"update Tickets": "500", "read Companies": "403"})
    answer = run(
        psa,
        ["Tickets", "get", 1],
        ["Contacts", "update", {"id": 30683077}],
        ["Tickets", "update", {"id": 148213, "status": 8}],
        ["Companies", "get", 175],
        ["Tickets", "query", {"filter": [{"op": "eq", "field": "nothing", "value": 1}]}],
    )
    missing, no_route, refused, forbidden, unreadable = answer["results"]
    assert (missing["value"], no_route["value"]) == (None, None)
    assert (refused["status"], forbidden["status"]) == (500, 403)
    assert "adequate permissions" in refused["details"]["errors"][0]
    assert unreadable["details"] == {"errors": ["Unable to find nothing in the Ticket Entity."]}
    [rejected] = run(psa, ["Tickets", "get", 148213], secret="wrong")["results"]
    assert (rejected["status"], rejected["details"]) == (401, "")
