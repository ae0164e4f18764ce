"""The invented data that a tenant starts with: the demo's companies, people and tickets, and what makes BMS hard."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from typing import Any

from emulators.connectwise.seed_rows import COMPANIES, CONTACTS, NOTES, TICKETS
from emulators.kaseya_bms import seed_lists as lists
from emulators.kaseya_bms.incoming import stamp

Record = dict[str, Any]

TENANT = "Northgate IT"
TENANT_ID = 2041
INNER = ("phones", "emails")

# From the demo's ids to this PSA's.
ACCOUNT, LOCATION, CONTACT, TICKET = 5521 - 250, 7714 - 250, 90211 - 77, 1_000_000
_USERS = {186: lists.SAM, 187: lists.PRIYA}
_QUEUES = {1: lists.HELP_DESK, 2: lists.FIELD_SERVICE}
_STATUSES = {
    501: lists.NEW,
    502: lists.IN_PROGRESS,
    503: lists.WAITING,
    504: lists.COMPLETED,
    521: lists.NEW,
    522: lists.SCHEDULED,
    523: lists.SCHEDULED,
    524: lists.COMPLETED,
}
_PRIORITIES = {1: 31201, 2: 31204, 3: 31207, 4: 31212}
_TYPES = {41: lists.INCIDENT, 42: lists.REQUEST, 43: lists.INCIDENT, 44: lists.REQUEST}
_ISSUES = {41: 4101, 42: 4102, 43: 4103, 44: 4104}
_SOURCES = {1: 4, 2: 0, 3: 1, 4: 5}
_PHONES = {2: lists.WORK, 3: lists.FAX, 4: lists.MOBILE, 5: lists.HOME}

_TERN = 5525
_TERN_MAIN, _TERN_YARD, _ANNEX, _COURT = 7718, 7719, 7730, 7731
# id, name, account, main
_MORE_LOCATIONS = [
    (_TERN_MAIN, "Main", _TERN, True),
    (_TERN_YARD, "Yard", _TERN, False),
    (_ANNEX, "Annex", 5521, False),
    (_COURT, "Court office", 5522, False),
]
# id, first, last, title, location, active, [(text, type, default)]: three numbers, none with a location, text in one.
_MORE_CONTACTS: list[tuple[int, str, str | None, str, int | None, bool, list[tuple[str, int, bool]]]] = [
    (
        90301,
        "Bram",
        "Tern",
        "Owner",
        _TERN_MAIN,
        True,
        [
            ("+1 202 555 0161", lists.WORK, False),
            ("202.555.0162", lists.MOBILE, True),
            ("2025550163", lists.HOME, False),
        ],
    ),
    (90302, "Nora", "Vance", "Skipper", None, True, [("202-555-0164 (after 5 pm)", lists.MOBILE, True)]),
    (90303, "Yard", None, "", _TERN_YARD, True, [("202-555-0165", lists.WORK, True)]),
    (90304, "Ina", "O'Dell <temp>", "Clerk", _TERN_YARD, False, [("202-555-0165", lists.WORK, True)]),
]
_BULK, _BULK_FIRST, _BULK_OPEN = 28, 1_046_001, 8


def records() -> dict[str, list[Record]]:
    """Every table's seed rows, times relative to this moment."""
    clock = datetime.now(UTC)
    tables = {
        **lists.records(),
        "accounts": _accounts(),
        "locations": _locations(),
        "contacts": [*_demo_contacts(), *_odd_contacts()],
        "tickets": [*_demo_tickets(clock), *_bulk_tickets(clock)],
        "notes": _notes(clock),
        "timeLogs": _time_logs(clock),
    }
    written = {"createdBy": lists.SAM, "createdOn": _ago(clock, 300_000), "modifiedBy": None, "modifiedOn": None}
    for contact in tables["contacts"]:
        for place, item in enumerate(contact["phones"] + contact["emails"]):
            item.update({**written, "id": contact["id"] * 10 + place})
    return {table: [{**written, **row} for row in rows] for table, rows in tables.items()}


def _ago(clock: datetime, minutes: int) -> str:
    return stamp(clock - timedelta(minutes=minutes))


def _accounts() -> list[Record]:
    rows = [(key + ACCOUNT, code, name, status == 1) for key, code, name, _, _, status, _ in COMPANIES]
    return [
        {"id": key, "accountCode": code, "name": name, "isActive": active, "website": f"{code.lower()}.example"}
        for key, code, name, active in [*rows, (_TERN, "TERN", "Tern & Sons", True)]
    ]


def _locations() -> list[Record]:
    streets = {company + ACCOUNT: (street, phone) for company, _, _, street, phone, _, _ in COMPANIES}
    rows = [(company + LOCATION, "Main", company + ACCOUNT, True) for company, *_ in COMPANIES]
    return [
        {
            "id": key,
            "name": name,
            "accountId": account,
            "isMain": main,
            "isActive": True,
            "address1": streets.get(account, ("1 Boat Lane", "2025550160"))[0],
            "city": "Washington",
            "state": "DC",
            "zipCode": "20001",
            "phone": streets.get(account, ("", "2025550160"))[1],
        }
        for key, name, account, main in [*rows, *_MORE_LOCATIONS]
    ]


def _demo_contacts() -> list[Record]:
    rows = []
    for key, first, last, company, title, inactive, items in CONTACTS:
        numbers = [
            {"phone": f"{text} ext. {extension}" if extension else text, "phoneTypeId": _PHONES[kind]}
            for kind, text, extension, _ in items
            if kind != 1
        ]
        preferred = next((place for place, item in enumerate(i for i in items if i[0] != 1) if item[3]), 0)
        for place, number in enumerate(numbers):
            number["isDefault"] = place == preferred
        mails = [{"emailAddress": text, "emailTypeId": 1, "isDefault": True} for kind, text, _, _ in items if kind == 1]
        rows.append(
            _contact(key + CONTACT, first, last, title, company + ACCOUNT, company + LOCATION, not inactive)
            | {"phones": numbers, "emails": mails, "isPoc": key in (77, 81, 85)}
        )
    return rows


def _odd_contacts() -> list[Record]:
    return [
        _contact(key, first, last, title, _TERN, location, active)
        | {
            "phones": [{"phone": text, "phoneTypeId": kind, "isDefault": default} for text, kind, default in numbers],
            "emails": [{"emailAddress": f"{first.lower()}@tern.example", "emailTypeId": 1, "isDefault": True}],
        }
        for key, first, last, title, location, active, numbers in _MORE_CONTACTS
    ]


def _contact(
    key: int, first: str, last: str | None, title: str, account: int, location: int | None, active: bool
) -> Record:
    return {
        "id": key,
        "accountId": account,
        "locationId": location,
        "firstName": first,
        "middleName": None,
        "lastName": last,
        "jobTitle": title,
        "isPoc": False,
        "isActive": active,
        "billByContact": False,
        "receiveInvoices": False,
        "effectiveDate": None,
        "hasClientPortalAccess": False,
    }


def _ticket(key: int, opened: str) -> Record:
    """A ticket with all that most of them share."""
    day = datetime.fromisoformat(opened).strftime("%m%d%Y")
    return {
        "id": key,
        "ticketNumber": f"{key % 1_000_000}-{day}",
        "contactId": None,
        "assigneeId": None,
        "subIssueTypeId": None,
        "workTypeId": None,
        "slaId": 610,
        "openDate": opened,
        "dueDate": None,
        "completedDate": None,
        "reOpenedDate": None,
        "lastActivityUpdate": opened,
        "lastStatusUpdate": opened,
        "lastPriorityUpdate": opened,
        "lastQueueUpdate": opened,
        "isReadOnly": False,
        "secondaryAssignees": [],
        "ccs": [],
        "createdOn": opened,
    }


def _demo_tickets(clock: datetime) -> list[Record]:
    asked = {ticket: text for ticket, _, kind, _, _, text in reversed(NOTES) if kind == "d"}
    rows = []
    for key, title, company, contact, board, status, priority, owner, kind, source, age in TICKETS:
        done = _STATUSES[status] == lists.COMPLETED
        rows.append(
            _ticket(key + TICKET, _ago(clock, age))
            | {
                "title": title,
                "details": f"<p>{html.escape(asked.get(key, title), quote=False)}</p>",
                "accountId": company + ACCOUNT,
                "locationId": company + LOCATION,
                "contactId": contact + CONTACT if contact else None,
                "queueId": _QUEUES[board],
                "statusId": _STATUSES[status],
                "priorityId": _PRIORITIES[priority],
                "typeId": _TYPES[kind],
                "issueTypeId": _ISSUES[kind],
                "sourceId": _SOURCES[source],
                "assigneeId": _USERS.get(owner or 0),
                "completedDate": _ago(clock, 8800) if done else None,
                "createdBy": _USERS.get(owner or 0, lists.SAM),
            }
        )
    return rows


def _bulk_tickets(clock: datetime) -> list[Record]:
    """Old routine work, so that lists have more than a page; the last is without a contact, the first read-only."""
    rows = []
    for place in range(_BULK):
        is_open = place < _BULK_OPEN
        opened = _ago(clock, 20_000 + place * 777)
        rows.append(
            _ticket(_BULK_FIRST + _BULK - 1 - place, opened)
            | {
                "title": f"Monthly check of workstation {place + 1:02}",
                "details": "Patches, disk space, backup.",
                "accountId": _TERN,
                "locationId": (_TERN_MAIN, _TERN_YARD)[place % 2],
                "contactId": None if place == _BULK - 1 else (90301, 90303)[place % 2],
                "queueId": lists.FIELD_SERVICE,
                "statusId": lists.SCHEDULED if is_open else lists.COMPLETED,
                "priorityId": 31212,
                "typeId": lists.REQUEST,
                "issueTypeId": 4104,
                "sourceId": 9,
                "assigneeId": lists.PRIYA,
                "completedDate": None if is_open else _ago(clock, 18_000 + place * 777),
                "isReadOnly": place == 0,
            }
        )
    return rows


def _notes(clock: datetime) -> list[Record]:
    people = {key: f"{first} {last}" for key, first, last, *_ in CONTACTS}
    return [
        {
            "id": 88001 + place,
            "ticketId": ticket + TICKET,
            "details": html.escape(text, quote=False),
            "isInternal": kind == "i",
            "typeId": lists.RESOLUTION_NOTE if kind == "r" else lists.TASK_NOTE,
            "createdBy": _USERS.get(member or 0),
            "writtenBy": people.get(contact or 0),
            "createdOn": _ago(clock, age),
        }
        for place, (ticket, age, kind, contact, member, text) in enumerate(NOTES)
    ]


def _time_logs(clock: datetime) -> list[Record]:
    return [
        {
            "id": 6501,
            "ticketId": 48171 + TICKET,
            "notes": "Swapped the tunnel's key, watching.",
            "workTypeId": 71,
            "timeSpent": 0.25,
            "createdBy": lists.PRIYA,
            "createdOn": _ago(clock, 1385),
        }
    ]
