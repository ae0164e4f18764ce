"""The invented data an emulator starts with: Northgate IT's account at SuperOps, with the demo's people in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from emulators.connectwise.seed_rows import COMPANIES, CONTACTS, NOTES, TICKETS
from emulators.superops.assumptions import FEATURES

Record = dict[str, Any]

# Ids are 19 digits, beyond what JavaScript keeps exact, and their order tells nothing.
_FIRST_ID = 6104459021107350000
_STRIDE, _ROOM = 7_919_311, 99_999_989


def _id(number: int) -> str:
    return str(_FIRST_ID + number * _STRIDE % _ROOM)


def new_id(number: int) -> str:
    """The id of the record made as number `number` since the seed."""
    return _id(900_000 + number)


def company_id(key: int) -> str:
    """The account id of a demo company, by its number among the demo's rows."""
    return _id(key)


def site_id(key: int) -> str:
    """The id of a company's main site."""
    return _id(10_000 + key)


def user_id(key: int) -> str:
    """The id of a demo contact."""
    return _id(20_000 + key)


def ticket_id(key: int) -> str:
    """The id of a demo ticket."""
    return _id(30_000 + key)


DESK, PROJECTS = _id(501), _id(502)
SAM, PRIYA, SERVICE = _id(601), _id(602), _id(603)
HIDDEN = company_id(254)
# The service technician's token is the demo's; Sam sees every client.
TOKENS = {SERVICE: "api-demoSuperOpsToken01", SAM: "api-demoSuperOpsToken02", PRIYA: "api-demoSuperOpsToken03"}

_STATUSES = {501: "New", 502: "In Progress", 503: "Waiting on Client", 504: "Closed"}
_STATUSES |= {521: "New", 522: "Scheduled", 523: "On Site", 524: "Closed"}
_PRIORITIES = {1: "Critical", 2: "High", 3: "Medium", 4: "Low"}
_SOURCES = {1: "EMAIL", 2: "FORM", 3: "PHONE", 4: "INTEGRATION"}
_OWNERS = {186: SAM, 187: PRIYA}
# Addresses for those whom other systems know without one: here it is the login and cannot be missing.
_ADDRESSES = {83: "joan@harborlegal.example", 88: "owen@ferrer.example"}
# Whose mobile stands in the one number field; with the others it is in a custom field, the only place for a second one.
_MOBILE_AS_NUMBER = (85,)
# Further requesters: key, first name, last name, e-mail, contactNumber, companies
_MORE: list[tuple[int, str, str, str, str | None, tuple[int, ...]]] = [
    (89, "Noor", "Haddad", "noor@larkfield.example", "202-555-0150", (250, 251)),
    (90, "Piet", "Vogel", "piet@tidewater.example", "+12025550191", (254,)),
]
_BULK = 48
_SUBJECTS = ("Mailbox is full", "New starter next week", "Screen stays black", "Wi-Fi drops in the meeting room")


def records(now: datetime) -> dict[str, list[Record]]:
    """Every table's seed rows, times relative to `now`."""
    return {
        "clients": _clients(),
        "sites": _sites(),
        "users": _users(),
        "associations": _associations(),
        "groups": [{"groupId": DESK, "name": "Service Desk"}, {"groupId": PROJECTS, "name": "Projects"}],
        "roles": _roles(),
        "technicians": _technicians(),
        "tickets": _tickets(now),
        "conversations": _conversations(now),
        "notes": _notes(now),
    }


def _at(now: datetime, minutes: float, *, exact: bool = False) -> str:
    return (now - timedelta(minutes=minutes)).isoformat(timespec="milliseconds" if exact else "seconds")


def _firms() -> list[tuple[int, str, str, str, str, int, int | None]]:
    return [*COMPANIES, (254, "TIDEWATER", "Tidewater Clinic", "9 Marsh Road", "2025550191", 1, None)]


def _clients() -> list[Record]:
    return [
        {
            "accountId": company_id(key),
            "name": name,
            "stage": "Active" if status == 1 else "Inactive",
            "status": "Paid" if status == 1 else "Churned",
            "emailDomains": [f"{short.lower()}.example"],
            "accountManager": SAM,
            "primaryContact": user_id(contact) if contact else None,
            "hqSite": site_id(key),
            "technicianGroups": [PROJECTS] if key == 254 else [],
            "customFields": {},
        }
        for key, short, name, _, _, status, contact in _firms()
    ]


def _sites() -> list[Record]:
    main = [(site_id(key), "Main", address, phone, key, True) for key, _, _, address, phone, _, _ in _firms()]
    return [
        {
            "id": key,
            "name": name,
            "timezoneCode": "US/Eastern",
            "working24x7": False,
            "line1": address,
            "city": "Washington",
            "postalCode": "20001",
            "countryCode": "US",
            "stateCode": "DC",
            "contactNumber": phone,
            "clientId": company_id(company),
            "hq": hq,
        }
        for key, name, address, phone, company, hq in [
            *main,
            (_id(11_000), "Workshop", "214 Foundry Lane", None, 252, False),
        ]
    ]


def _numbers(key: int, items: list[tuple[int, str, str, bool]]) -> tuple[str | None, dict[str, Any]]:
    direct = next((value for kind, value, _, _ in items if kind == 2), None)
    mobile = next((value for kind, value, _, _ in items if kind == 4), None)
    if key in _MOBILE_AS_NUMBER or mobile is None:
        return mobile or direct, {}
    return direct, {"udf1text": mobile}


def _user(key: int, first: str, last: str, email: str, number: str | None, more: dict[str, Any]) -> Record:
    return {
        "userId": user_id(key),
        "firstName": first,
        "lastName": last,
        "email": email,
        "contactNumber": number,
        "roleId": "4",
        "reportingManager": None,
        "customFields": more,
    }


def _users() -> list[Record]:
    rows = []
    for key, first, last, _, _, _, items in CONTACTS:
        number, more = _numbers(key, items)
        address = next((value for kind, value, _, _ in items if kind == 1), _ADDRESSES.get(key, ""))
        rows.append(_user(key, first, last, address, number, more))
    rows[0]["customFields"] |= {"udf2date": "2019-04-01", "udf6mselect": ["VIP"]}
    return rows + [_user(key, first, last, address, number, {}) for key, first, last, address, number, _ in _MORE]


def _associations() -> list[Record]:
    pairs = [(key, company) for key, _, _, company, *_ in CONTACTS]
    pairs += [(key, company) for key, *_, companies in _MORE for company in companies]
    return [
        {
            "id": _id(60_000 + index),
            "userId": user_id(key),
            "clientId": company_id(company),
            "siteId": site_id(company),
        }
        for index, (key, company) in enumerate(pairs)
    ]


def _roles() -> list[Record]:
    everything = {key: list(operations) for key, (_, operations) in FEATURES.items()}
    return [
        {"roleId": "1", "name": "Technician", "description": "Works on tickets", "features": everything},
        {
            "roleId": "2",
            "name": "Caller verification",
            "description": "For the integration's own user",
            "features": {
                "ticket": ["View", "Add", "Edit"],
                "note": ["Add"],
                "client": ["View"],
                "requester": ["View", "Edit"],
                "technician": ["View"],
            },
        },
    ]


def _technicians() -> list[Record]:
    return [
        {
            "userId": key,
            "firstName": first,
            "lastName": last,
            "email": email,
            "contactNumber": None,
            "roleId": role,
            "groupIds": groups,
        }
        for key, first, last, email, role, groups in [
            (SAM, "Sam", "Okafor", "sam@northgate.example", "1", [DESK, PROJECTS]),
            (PRIYA, "Priya", "Nair", "priya@northgate.example", "1", [DESK]),
            (SERVICE, "Caller", "Verify", "verify@northgate.example", "2", [DESK]),
        ]
    ]


def _ticket(now: datetime, number: int, age: float, **values: Any) -> Record:
    return {
        "ticketId": ticket_id(number),
        "displayId": f"{(now - timedelta(minutes=age)).strftime('%m%d%y')}-{number % 10_000:04d}",
        "requestType": "Incident",
        "techGroupId": DESK,
        "impact": "Medium",
        "urgency": "Medium",
        "category": None,
        "slaId": "63",
        "createdTime": _at(now, age),
        # The service writes milliseconds now and then.
        "updatedTime": _at(now, age, exact=number % 2 == 0),
        "customFields": {},
        **values,
    }


def _tickets(now: datetime) -> list[Record]:
    shown = [
        _ticket(
            now,
            key,
            age,
            subject=summary,
            clientId=company_id(company),
            siteId=site_id(company),
            requesterId=user_id(contact) if contact else None,
            technicianId=_OWNERS.get(owner or 0),
            status=_STATUSES[status],
            priority=_PRIORITIES[priority],
            source=_SOURCES[source],
        )
        for key, summary, company, contact, _, status, priority, owner, _, source, age in TICKETS
    ]
    people = [(user_id(key), company) for key, _, _, company, *_ in CONTACTS] + [(user_id(90), 254)]
    bulk = []
    for index in range(_BULK):
        person, company = people[index % len(people)]
        bulk.append(
            _ticket(
                now,
                1000 + index,
                15_000 + index * 700,
                subject=f"{_SUBJECTS[index % len(_SUBJECTS)]} ({index + 1})",
                clientId=company_id(company),
                siteId=site_id(company),
                requesterId=person,
                technicianId=(SAM, PRIYA, None)[index % 3],
                status="Closed" if index % 3 else "Waiting on Client",
                priority=list(_PRIORITIES.values())[index % 4],
                source="EMAIL",
            )
        )
    return bulk + shown


def _conversations(now: datetime) -> list[Record]:
    opening = {ticket_id(ticket): text for ticket, _, kind, _, _, text in NOTES if kind == "d"}
    return [
        {
            "conversationId": _id(70_000 + index),
            "ticketId": row["ticketId"],
            "content": f"<p>{opening.get(row['ticketId'], row['subject'])}</p>",
            "time": row["createdTime"],
            "userId": row["requesterId"],
            "type": "DESCRIPTION",
        }
        for index, row in enumerate(_tickets(now))
    ]


def _notes(now: datetime) -> list[Record]:
    return [
        {
            "noteId": _id(80_000 + index),
            "ticketId": ticket_id(ticket),
            "content": f"<p>{text}</p>",
            "addedBy": _OWNERS.get(member or 0, SAM),
            "addedOn": _at(now, age),
            "privacyType": "PUBLIC" if kind == "r" else "PRIVATE",
        }
        for index, (ticket, age, kind, _, member, text) in enumerate(NOTES)
        if kind != "d"
    ]
