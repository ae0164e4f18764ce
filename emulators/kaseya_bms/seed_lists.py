"""The invented set-up of a tenant: people, queues, statuses and the other short lists, with scattered ids."""

from __future__ import annotations

from typing import Any

from emulators.kaseya_bms.rights import EVERYTHING, INTEGRATION, READ_ONLY, Role

Record = dict[str, Any]

SAM, PRIYA, LENA = 3307, 3310, 3312
API_USER = 3399
PASSWORD = "demo-Bms-1!"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

HELP_DESK, FIELD_SERVICE, ESCALATIONS = 28804, 28811, 28829
NEW, IN_PROGRESS, SCHEDULED, WAITING, COMPLETED = 35540, 35543, 35547, 35551, 35562
INCIDENT, REQUEST = 8, 9
WORK, HOME, MOBILE, FAX = 1, 2, 3, 4
TASK_NOTE, RESOLUTION_NOTE = 4, 19

_NAMED: dict[str, list[tuple[int, str]]] = {
    "queues": [(HELP_DESK, "Help Desk"), (FIELD_SERVICE, "Field Service"), (ESCALATIONS, "Escalations")],
    "ticketTypes": [(INCIDENT, "Incident"), (REQUEST, "Service Request"), (12, "Change Request")],
    "ticketSources": [
        (0, "Client Portal"),
        (1, "Phone Call"),
        (2, "In Person"),
        (3, "On Site"),
        (4, "Email"),
        (5, "Monitoring System"),
        (6, "Voice Mail"),
        (7, "Verbal"),
        (8, "Other"),
        (9, "Recurring"),
    ],
    "noteTypes": [
        (TASK_NOTE, "Task Notes"),
        (7, "Customer Communication"),
        (RESOLUTION_NOTE, "Resolution"),
        (23, "Escalation"),
        (41, "Identity Check"),
    ],
    "phoneTypes": [(WORK, "Work"), (HOME, "Home"), (MOBILE, "Mobile"), (FAX, "Fax")],
    "emailTypes": [(1, "Work"), (2, "Personal")],
    "contactTypes": [(1, "Primary"), (2, "Billing"), (3, "Technical")],
    "issueTypes": [(4101, "Sign-in and password"), (4102, "Access request"), (4103, "Network"), (4104, "Hardware")],
    "slas": [(610, "Standard")],
    "workTypes": [(71, "Remote support"), (74, "On site")],
    "roles": [(51, "Technician"), (52, "Dispatcher")],
}
# id, name, colour, colour of the letters, whether a ticket is done in it
_STATUSES = [
    (NEW, "New", "#2D9CDB", "#FFFFFF", False),
    (IN_PROGRESS, "In Progress", "#27AE60", "#FFFFFF", False),
    (SCHEDULED, "Scheduled", "#9B51E0", "#FFFFFF", False),
    (WAITING, "Waiting Customer", "#F2C94C", "#333333", False),
    (35556, "Escalated", "#EB5757", "#FFFFFF", False),
    (COMPLETED, "Completed", "#828282", "#FFFFFF", True),
]
_PRIORITIES = [
    (31201, "Critical", "#EB5757"),
    (31204, "High", "#F2994A"),
    (31207, "Medium", "#F2C94C"),
    (31212, "Low", "#BDBDBD"),
]
_SUB_ISSUES = [(5201, "Password", 4101), (5202, "Second factor", 4101), (5203, "Mailbox", 4102)]
# id, login, first, last, title, active, type, role, Has API Access, secret of the second factor
_USERS: list[tuple[int, str, str, str, str, bool, str, Role, bool, str | None]] = [
    (SAM, "sam", "Sam", "Okafor", "Technician", True, "Employee", EVERYTHING, False, None),
    (PRIYA, "priya", "Priya", "Nair", "Technician", True, "Employee", EVERYTHING, False, None),
    (LENA, "lena", "Lena", "Hartmann", "Technician", False, "Employee", EVERYTHING, False, None),
    (3396, "mfa.service", "Mira", "Vogt", "Service account", True, "Employee", INTEGRATION, True, TOTP_SECRET),
    (3397, "no.access", "Nils", "Berg", "Without API access", True, "API Employee", INTEGRATION, False, None),
    (3398, "read.only", "Rhea", "Stone", "Read only", True, "API Employee", READ_ONLY, True, None),
    (API_USER, "caller.verify", "Caller", "Verify", "Integration", True, "API Employee", INTEGRATION, True, None),
]


def records() -> dict[str, list[Record]]:
    """Seed rows of every list table."""
    tables: dict[str, list[Record]] = {
        table: [
            {"id": key, "name": name, "isActive": True, "isDefault": place == 0}
            for place, (key, name) in enumerate(rows)
        ]
        for table, rows in _NAMED.items()
    }
    tables["statuses"] = [
        {
            "id": key,
            "name": name,
            "color": colour,
            "fontColor": letters,
            "statusOrder": place + 1,
            "typeId": 1,
            "isSystemStatus": int(key in (NEW, COMPLETED)),
            "slaEventId": None,
            "isActive": True,
            "completes": completes,
        }
        for place, (key, name, colour, letters, completes) in enumerate(_STATUSES)
    ]
    tables["priorities"] = [
        {"id": key, "name": name, "color": colour, "isDefault": name == "Medium"} for key, name, colour in _PRIORITIES
    ]
    tables["issueSubTypes"] = [{"id": key, "name": name, "issueTypeId": parent} for key, name, parent in _SUB_ISSUES]
    tables["templates"] = [
        {
            "id": 1501,
            "name": "Identity check",
            "title": "Identity check",
            "details": "Caller asks for help with an account.",
            "queueId": HELP_DESK,
            "priorityId": 31207,
            "ticketTypeId": REQUEST,
            "issueTypeId": 4101,
            "subIssueTypeId": 5201,
        }
    ]
    tables["users"] = [
        {
            "id": key,
            "login": login,
            "firstName": first,
            "lastName": last,
            "name": f"{first} {last}",
            "emailAddress": f"{login}@northgate.example",
            "jobTitle": title,
            "isActive": active,
            "userType": kind,
            "password": PASSWORD,
            "rights": {module: list(actions) for module, actions in role.items()},
            "hasApiAccess": api_access,
            "totpSecret": totp,
            "queueIds": [HELP_DESK],
        }
        for key, login, first, last, title, active, kind, role, api_access, totp in _USERS
    ]
    return tables
