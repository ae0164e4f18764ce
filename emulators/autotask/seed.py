"""The invented data of two tenants: Northgate IT, whose clients the whole demo knows, and Nordtor, which is German."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emulators.autotask import seed_setup
from emulators.autotask.seed_setup import FIELD_SERVICE, HELP_DESK, HELP_DESK_ROLE, MONITORING, STANDARD, Record
from emulators.connectwise.seed_rows import COMPANIES, CONTACTS, NOTES, TICKETS

Tables = dict[str, list[Record]]

SECRET = "demo#Secret$1~*"  # with the characters that unquoted settings files eat
VENDOR_CODE = "DEMOVENDORTRACKING000000001"
CUSTOM_CODE = "DEMOCUSTOMTRACKING000000001"
VENDOR_ID = 900
BULK_COMPANY, BULK_CONTACTS = 190, 520

# Tables with the first id that a new record gets.
START_IDS: dict[str, int] = {
    "Companies": 400,
    "Contacts": 30690000,
    "Tickets": 149000,
    "TicketNotes": 30777001,
    "Resources": 29690000,
    "Roles": 29680600,
    "ResourceRoles": 50,
    "ResourceServiceDeskRoles": 50,
    "TicketCategories": 20,
    "TicketCategoryFieldDefaults": 20,
    "IntegrationVendorInsights": 1,
    "LiveLinks": 1,
}

_STATUS = {501: 1, 502: 8, 503: 7, 504: 5, 521: 1, 522: 8, 523: 8, 524: 5}
_PRIORITY = {1: 4, 2: 1, 3: 2, 4: 3}
_ISSUE = {41: (10, 136), 42: (11, 138), 43: (None, None), 44: (12, 139)}
_SOURCE = {1: 4, 2: -1, 3: 2, 4: 8}
_AGENTS = {186: 29680011, 187: 29680012, None: None}
_QUEUE = {1: HELP_DESK, 2: FIELD_SERVICE}
_NOTE = {"d": (3, 1), "i": (2, 2), "r": (1, 1)}


def company_id(shared: int) -> int:
    """Our id of a company of the shared demo data."""
    return shared - 75


def contact_id(shared: int) -> int:
    """Our id of a contact of the shared demo data."""
    return 30683000 + shared


def ticket_id(shared: int) -> int:
    """Our id of a ticket of the shared demo data."""
    return 100_000 + shared


def stamp(moment: datetime) -> str:
    """A time as the API writes it: UTC, milliseconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def northgate() -> Tables:
    """Every table of the first tenant; times are relative to this moment."""
    clock = datetime.now(UTC)
    return {
        "Companies": _companies(clock),
        "Contacts": _contacts(clock),
        "Tickets": _tickets(clock),
        "TicketNotes": _notes(clock),
        **seed_setup.northgate(),
        "IntegrationVendorInsights": [],
        "LiveLinks": [],
    }


def nordtor() -> Tables:
    """Every table of the second tenant."""
    clock = datetime.now(UTC)
    born = stamp(clock - timedelta(days=90))
    company = {"companyType": 1, "isActive": True, "ownerResourceID": 29680011, "countryID": 83, "createDate": born}
    return {
        "Companies": [
            {"id": 0, "companyName": "Nordtor Systemhaus", "phone": "+49 30 5550100", **company},
            {"id": 61, "companyName": "Müller & Söhne", "phone": "+49 30 5550161", **company},
        ],
        "Contacts": [
            {
                "id": 30690001,
                "companyID": 61,
                "firstName": "Jörg",
                "lastName": "Müller",
                "isActive": 1,
                "mobilePhone": "+49 1555 5550161",
                "createDate": born,
            }
        ],
        "Tickets": [
            {
                "id": 501,
                "ticketNumber": "T20261002.0001",
                "title": "Kennwort vergessen",
                "companyID": 61,
                "contactID": 30690001,
                "status": 1,
                "priority": 13,
                "queueID": 29683211,
                "ticketCategory": STANDARD,
                "createDate": born,
                "lastActivityDate": born,
            }
        ],
        "TicketNotes": [],
        "Resources": seed_setup.resources("nordtor.example"),
        "Roles": [{"id": 29681500, "name": "Technik", "description": "", "isActive": True}],
        "ResourceRoles": [],
        "ResourceServiceDeskRoles": [],
        "TicketCategories": [seed_setup.category(STANDARD, "Standard", globally=True, insights=True)],
        "TicketCategoryFieldDefaults": [],
        "IntegrationVendorInsights": [],
        "LiveLinks": [],
    }


def _companies(clock: datetime) -> list[Record]:
    born = stamp(clock - timedelta(days=300))
    rows: list[tuple[int, str, str, str, bool, int | None, str]] = [
        (0, "Northgate IT", "1 Northgate Court", "2025550100", True, None, ""),
        *(
            (company_id(key), name, address, phone, status == 1, None, identifier)
            for key, identifier, name, address, phone, status, _ in COMPANIES
        ),
        # Its tickets may name contacts of the company above it.
        (179, "Larkfield Dental North", "7 Orchard Row", "2025550177", True, 175, "LARKNORTH"),
        (BULK_COMPANY, "Westgate Housing", "300 Long Street", "2025550190", True, None, "WESTGATE"),
    ]
    return [
        {
            "id": key,
            "companyName": name,
            "companyNumber": number,
            "companyType": 1,
            "isActive": active,
            "ownerResourceID": 29680011,
            "parentCompanyID": parent,
            "phone": phone,
            "address1": address,
            "city": "Washington",
            "state": "DC",
            "postalCode": "20001",
            "countryID": 237,
            "isClientPortalActive": False,
            "createDate": born,
            "lastActivityDate": born,
            "lastTrackedModifiedDateTime": born,
        }
        for key, name, address, phone, active, parent, number in rows
    ]


def _contacts(clock: datetime) -> list[Record]:
    born = stamp(clock - timedelta(days=200))
    streets = {key: address for key, _, _, address, *_ in COMPANIES}
    rows: list[Record] = []
    for key, first, last, company, title, inactive, items in CONTACTS:
        found = {kind: (value, extension) for kind, value, extension, _ in items}
        rows.append(
            {
                "id": contact_id(key),
                "companyID": company_id(company),
                "firstName": first,
                "lastName": last,
                "title": title,
                "emailAddress": found.get(1, (None, ""))[0],
                "phone": found.get(2, (None, ""))[0],
                "extension": found.get(2, (None, ""))[1] or None,
                "faxNumber": found.get(3, (None, ""))[0],
                "mobilePhone": found.get(4, (None, ""))[0],
                "isActive": 0 if inactive else 1,
                "primaryContact": key in (77, 81, 85),
                "receivesEmailNotifications": True,
                "addressLine": streets[company],
                "city": "Washington",
                "state": "DC",
                "zipCode": "20001",
                "countryID": 237,
                "createDate": born,
                "lastModifiedDate": born,
                "lastActivityDate": born,
            }
        )
    # More than one page holds. Names and numbers repeat nothing of the demo's people.
    for index in range(BULK_CONTACTS):
        rows.append(
            {
                "id": 30685000 + index,
                "companyID": BULK_COMPANY,
                "firstName": "Tenant",
                "lastName": f"Flat {index + 1:03d}",
                "phone": f"202-556-{index:04d}",
                "isActive": 1,
                "createDate": born,
                "lastModifiedDate": born,
            }
        )
    return rows


def _tickets(clock: datetime) -> list[Record]:
    rows = []
    for key, title, company, contact, board, status, priority, owner, kind, source, age in TICKETS:
        came = stamp(clock - timedelta(minutes=age))
        issue, sub_issue = _ISSUE[kind]
        done = _STATUS[status] == 5
        rows.append(
            {
                "id": ticket_id(key),
                "ticketNumber": f"T{(clock - timedelta(minutes=age)):%Y%m%d}.{key % 10000:04d}",
                "title": title,
                "description": "",
                "companyID": company_id(company),
                "contactID": contact_id(contact) if contact else None,
                "status": _STATUS[status],
                "priority": _PRIORITY[priority],
                "queueID": _QUEUE[board],
                "ticketCategory": MONITORING if source == 4 else STANDARD,
                "ticketType": 5 if source == 4 else 1,
                "issueType": issue,
                "subIssueType": sub_issue,
                "source": _SOURCE[source],
                "assignedResourceID": _AGENTS[owner],
                "assignedResourceRoleID": HELP_DESK_ROLE if owner else None,
                "dueDateTime": stamp(clock + timedelta(days=2)),
                "createDate": came,
                "creatorResourceID": _AGENTS[owner] or 4,
                "creatorType": 1,
                "lastActivityDate": came,
                "lastActivityPersonType": 1,
                "completedDate": came if done else None,
                "_udf": {},
            }
        )
    return rows


def _notes(clock: datetime) -> list[Record]:
    titles = {"d": "Message", "i": "Internal", "r": "Resolution"}
    rows = []
    for index, (ticket, age, kind, contact, member, body) in enumerate(NOTES):
        came = stamp(clock - timedelta(minutes=age))
        note_type, publish = _NOTE[kind]
        rows.append(
            {
                "id": 30776001 + index,
                "ticketID": ticket_id(ticket),
                "title": titles[kind],
                "description": body,
                "noteType": note_type,
                "publish": publish,
                "createDateTime": came,
                "creatorResourceID": _AGENTS[member] or (None if contact else 4),
                "createdByContactID": contact_id(contact) if contact else None,
                "lastActivityDate": came,
            }
        )
    return rows
