"""The invented data an emulator starts with: an MSP called Northgate IT, its client companies, contacts and tickets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from emulators.connectwise import seed_lists
from emulators.connectwise.seed_rows import COMPANIES, CONTACTS, NOTES, TICKETS

Record = dict[str, Any]

# Tables with the first id that a new record gets.
START_IDS: dict[str, int] = {
    "companies": 260,
    "companyStatuses": 50,
    "companyTypes": 50,
    "sites": 60,
    "companyNotes": 400,
    "contacts": 100,
    "communications": 1200,
    "contactNotes": 500,
    "contactTypes": 50,
    "contactDepartments": 50,
    "countries": 10,
    "communicationTypes": 20,
    "noteTypes": 20,
    "boards": 10,
    "boardStatuses": 600,
    "boardTypes": 80,
    "boardSubTypes": 90,
    "boardItems": 90,
    "boardAssociations": 90,
    "boardTeams": 30,
    "priorities": 20,
    "impacts": 10,
    "severities": 10,
    "serviceLocations": 10,
    "sources": 20,
    "tickets": 48300,
    "ticketNotes": 91000,
    "timeNotes": 7000,
    "members": 950,
    "apiMembers": 950,
    "securityRoles": 90,
    "departments": 30,
    "locations": 30,
    "hostedScreens": 30,
    "hostedSetups": 1,
}


def records() -> dict[str, list[Record]]:
    """Every table's seed rows, references as `{"id": n}`, times relative to this moment."""
    clock = datetime.now(UTC)
    return {
        **seed_lists.records(_info(clock, 500_000)),
        "companies": _companies(clock),
        "sites": _sites(clock),
        "contacts": _contacts(clock),
        "communications": _communications(clock),
        "tickets": _tickets(clock),
        "ticketNotes": _notes(clock),
        "timeNotes": _time_notes(clock),
        "companyNotes": [],
        "contactNotes": [],
        "hostedSetups": [],
    }


def _stamp(clock: datetime, minutes: int) -> str:
    return (clock - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _info(clock: datetime, minutes: int, by: str = "zadmin") -> dict[str, str]:
    stamp = _stamp(clock, minutes)
    return {"lastUpdated": stamp, "updatedBy": by, "dateEntered": stamp, "enteredBy": by}


def _companies(clock: datetime) -> list[Record]:
    return [
        {
            "id": key,
            "identifier": identifier,
            "name": name,
            "status": {"id": status},
            "types": [{"id": 1}],
            "addressLine1": address,
            "city": "Washington",
            "state": "DC",
            "zip": "20001",
            "phoneNumber": phone,
            "website": f"{identifier.lower()}.example",
            "territory": {"id": 2},
            "site": {"id": key - 222},
            "defaultContact": {"id": contact} if contact else None,
            "deletedFlag": False,
            "customFields": [],
            "_info": _info(clock, 400_000 + key),
        }
        for key, identifier, name, address, phone, status, contact in COMPANIES
    ]


def _sites(clock: datetime) -> list[Record]:
    return [
        {
            "id": key - 222,
            "name": "Main",
            "addressLine1": address,
            "city": "Washington",
            "state": "DC",
            "zip": "20001",
            "phoneNumber": phone,
            "primaryAddressFlag": True,
            "inactiveFlag": False,
            "companyId": key,
            "_info": _info(clock, 400_000),
        }
        for key, _, _, address, phone, _, _ in COMPANIES
    ]


def _contacts(clock: datetime) -> list[Record]:
    return [
        {
            "id": key,
            "firstName": first,
            "lastName": last,
            "company": {"id": company},
            "site": {"id": company - 222},
            "title": title,
            "inactiveFlag": inactive,
            "defaultFlag": key in (77, 81, 85),
            "defaultBillingFlag": False,
            "unsubscribeFlag": False,
            "disablePortalLoginFlag": True,
            "portalSecurityLevel": 6,
            "types": [],
            "mobileGuid": f"1a977037-0000-4000-8000-0000000000{key:02d}",
            "customFields": [],
            "_info": _info(clock, 300_000 + key),
        }
        for key, first, last, company, title, inactive, _ in CONTACTS
    ]


def _communications(clock: datetime) -> list[Record]:
    kinds = {1: "Email", 3: "Fax"}
    rows: list[Record] = []
    for contact, _, _, _, _, _, items in CONTACTS:
        for kind, value, extension, default in items:
            row = {
                "id": 901 + len(rows),
                "contactId": contact,
                "type": {"id": kind},
                "value": value,
                "defaultFlag": default,
                "communicationType": kinds.get(kind, "Phone"),
                "_info": _info(clock, 300_000),
            }
            if extension:
                row["extension"] = extension
            if kind == 1:
                row["domain"] = value[value.index("@") :]
            rows.append(row)
    return rows


def _tickets(clock: datetime) -> list[Record]:
    closed = {524}
    members = {186: "sam", 187: "priya"}
    phones = {key: next((item[1] for item in items if item[0] != 1 and item[3]), None) for key, *_, items in CONTACTS}
    mails = {key: next((item[1] for item in items if item[0] == 1), None) for key, *_, items in CONTACTS}
    names = {key: f"{first} {last}" for key, first, last, *_ in CONTACTS}
    rows = []
    for key, summary, company, contact, board, status, priority, owner, kind, source, age in TICKETS:
        done = status in closed
        rows.append(
            {
                "id": key,
                "summary": summary,
                "recordType": "ServiceTicket",
                "board": {"id": board},
                "status": {"id": status},
                "company": {"id": company},
                "site": {"id": company - 222},
                "contact": {"id": contact} if contact else None,
                "contactName": names.get(contact or 0),
                "contactPhoneNumber": phones.get(contact or 0),
                "contactEmailAddress": mails.get(contact or 0),
                "type": {"id": kind},
                "team": {"id": board},
                "owner": {"id": owner} if owner else None,
                "resources": members.get(owner or 0),
                "priority": {"id": priority},
                "severity": "Medium",
                "impact": "Medium",
                "source": {"id": source},
                "serviceLocation": {"id": 2},
                "location": {"id": 2},
                "department": {"id": 10},
                "closedFlag": done,
                "closedDate": _stamp(clock, 8800) if done else None,
                "customerUpdatedFlag": False,
                "requiredDate": _stamp(clock, -2880),
                "budgetHours": 1.0,
                "actualHours": 0.0,
                "customFields": [],
                "mobileGuid": f"c5882071-0000-4000-8000-0000000{key}",
                "_info": _info(clock, age, members.get(owner or 0, "zadmin")),
            }
        )
    return rows


def _notes(clock: datetime) -> list[Record]:
    names = {186: "sam", 187: "priya"}
    rows = []
    for index, (ticket, age, kind, contact, member, text) in enumerate(NOTES):
        author = names.get(member or 0, "zadmin")
        rows.append(
            {
                "id": 90001 + index,
                "ticketId": ticket,
                "text": text,
                "detailDescriptionFlag": kind == "d",
                "internalAnalysisFlag": kind == "i",
                "resolutionFlag": kind == "r",
                "issueFlag": False,
                "member": {"id": member} if member else None,
                "contact": {"id": contact} if contact else None,
                "customerUpdatedFlag": False,
                "processNotifications": False,
                "dateCreated": _stamp(clock, age),
                "createdBy": author,
                "internalFlag": kind == "i",
                "externalFlag": kind != "i",
                "_info": _info(clock, age, author),
            }
        )
    return rows


def _time_notes(clock: datetime) -> list[Record]:
    return [
        {
            "id": 6501,
            "noteType": "TimeEntryNote",
            "ticket": {"id": 48171},
            "text": "Swapped the tunnel's key, watching.",
            "detailDescriptionFlag": False,
            "internalAnalysisFlag": True,
            "resolutionFlag": False,
            "issueFlag": False,
            "timeStart": _stamp(clock, 1400),
            "timeEnd": _stamp(clock, 1385),
            "member": {"id": 187},
            "originalAuthor": "Priya Nair",
            "_info": _info(clock, 1385, "priya"),
        }
    ]
