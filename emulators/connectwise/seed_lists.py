"""The invented set-up tables: members, boards, statuses, types and the other short lists."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

_NAMED: dict[str, list[tuple[int, str]]] = {
    "contactDepartments": [(3, "Office"), (4, "Workshop")],
    "countries": [(1, "United States")],
    "impacts": [(1, "Low"), (2, "Medium"), (3, "High")],
    "severities": [(1, "Low"), (2, "Medium"), (3, "High")],
    "securityRoles": [(63, "Technician"), (71, "Pod integration")],
    "locations": [(2, "Northgate main office")],
    "boards": [(1, "Help Desk"), (2, "Field Service")],
    "sources": [(1, "E-mail"), (2, "Portal"), (3, "Phone"), (4, "Monitoring")],
}
_STATUSES = [
    (501, "New", 1),
    (502, "In Progress", 1),
    (503, "Waiting on Client", 1),
    (504, "Closed", 1),
    (521, "New", 2),
    (522, "Scheduled", 2),
    (523, "On Site", 2),
    (524, "Closed", 2),
]
_PRIORITIES = [
    (1, "Priority 1 - Critical", "Red"),
    (2, "Priority 2 - High", "Orange"),
    (3, "Priority 3 - Normal", "Yellow"),
    (4, "Priority 4 - Low", "White"),
]
_TYPES = [(41, "Sign-in and password", 1), (42, "Access request", 1), (43, "Incident", 1), (44, "Hardware", 2)]
_SUBTYPES = [(51, "Password", 1), (52, "Second factor", 1), (53, "Mailbox", 1), (54, "Peripheral", 2)]
_ITEMS = [(61, "Reset", 1), (62, "Unlock", 1), (63, "Replace", 2)]
_ASSOCIATIONS = [(71, 41, 51, 61, 1), (72, 41, 51, 62, 1), (73, 41, 52, 61, 1), (74, 44, 54, 63, 2)]
_COMMUNICATION_TYPES = [
    (1, "Email", "email"),
    (2, "Direct", "phone"),
    (3, "Fax", "fax"),
    (4, "Cell", "phone"),
    (5, "Home", "phone"),
]
_SCREENS = [
    "CompanyDetail",
    "ContactDetail",
    "ConnectWiseToday",
    "ServiceTicket",
    "ProjectTicket",
    "SalesOrderDetail",
    "CompanyFinanceDetail",
]
_SCREEN_NAMES = ["Company", "Contact", "Today", "Service Ticket", "Project Ticket", "Sales Order", "Company Finance"]
_MEMBERS = [
    (186, "sam", "Sam", "Okafor", "F", False, 63),
    (187, "priya", "Priya", "Nair", "F", False, 63),
    (188, "lena", "Lena", "Hartmann", "F", True, 63),
    (900, "podapi", "Pod", "Integration", "A", False, 71),
]


def records(info: dict[str, str]) -> dict[str, list[Record]]:
    """Seed rows of every list table, each stamped with `info`."""
    tables: dict[str, list[Record]] = {
        name: [{"id": key, "name": label} for key, label in rows] for name, rows in _NAMED.items()
    }
    for board in tables["boards"]:
        board.update({"location": {"id": 2}, "department": {"id": 10}, "inactiveFlag": False, "projectFlag": False})
    tables.update(_boards())
    tables.update(_companies())
    tables.update(_system())
    for rows in tables.values():
        for row in rows:
            row["_info"] = dict(info)
    return tables


def _boards() -> dict[str, list[Record]]:
    return {
        "boardStatuses": [
            {
                "id": key,
                "name": name,
                "board": {"id": board},
                "sortOrder": key % 10,
                "displayOnBoard": name != "Closed",
                "inactive": False,
                "closedStatus": name == "Closed",
                "timeEntryNotAllowed": False,
                "defaultFlag": name == "New",
                "escalationStatus": "Resolved" if name == "Closed" else "NotResponded",
                "customerPortalFlag": True,
            }
            for key, name, board in _STATUSES
        ],
        "boardTypes": [
            {
                "id": key,
                "name": name,
                "board": {"id": board},
                "category": "Reactive",
                "defaultFlag": False,
                "inactiveFlag": False,
            }
            for key, name, board in _TYPES
        ],
        "boardSubTypes": [
            {
                "id": key,
                "name": name,
                "board": {"id": board},
                "inactiveFlag": False,
                "typeAssociationIds": sorted({row[1] for row in _ASSOCIATIONS if row[2] == key}),
            }
            for key, name, board in _SUBTYPES
        ],
        "boardItems": [
            {"id": key, "name": name, "board": {"id": board}, "inactiveFlag": False} for key, name, board in _ITEMS
        ],
        "boardAssociations": [
            {"id": key, "type": {"id": kind}, "subType": {"id": sub}, "item": {"id": item}, "board": {"id": board}}
            for key, kind, sub, item, board in _ASSOCIATIONS
        ],
        "boardTeams": [
            {"id": 1, "name": "Desk", "boardId": 1, "defaultFlag": True, "members": [186, 187]},
            {"id": 2, "name": "Field", "boardId": 2, "defaultFlag": True, "members": [186]},
        ],
        "priorities": [
            {"id": key, "name": name, "color": color, "sortOrder": key, "defaultFlag": key == 3}
            for key, name, color in _PRIORITIES
        ],
        "serviceLocations": [
            {"id": 1, "name": "On-site", "where": "OnSite", "defaultFlag": False},
            {"id": 2, "name": "Remote", "where": "Remote", "defaultFlag": True},
        ],
    }


def _companies() -> dict[str, list[Record]]:
    return {
        "companyStatuses": [
            {"id": 1, "name": "Active", "defaultFlag": True, "inactiveFlag": False},
            {"id": 2, "name": "Inactive", "defaultFlag": False, "inactiveFlag": True},
        ],
        "companyTypes": [
            {"id": 1, "name": "Client", "defaultFlag": True, "vendorFlag": False},
            {"id": 2, "name": "Vendor", "defaultFlag": False, "vendorFlag": True},
        ],
        "contactTypes": [{"id": 4, "description": "Decision maker", "defaultFlag": False}],
        "communicationTypes": [
            {
                "id": key,
                "description": label,
                "phoneFlag": kind == "phone",
                "faxFlag": kind == "fax",
                "emailFlag": kind == "email",
                "defaultFlag": key in (1, 2, 3),
            }
            for key, label, kind in _COMMUNICATION_TYPES
        ],
        "noteTypes": [{"id": 2, "identifier": "Comment", "name": "Comment", "defaultFlag": True, "importFlag": False}],
    }


def _system() -> dict[str, list[Record]]:
    return {
        "members": [
            {
                "id": key,
                "identifier": login,
                "firstName": first,
                "lastName": last,
                "officeEmail": f"{login}@northgate.example",
                "primaryEmail": f"{login}@northgate.example",
                "licenseClass": licence,
                "inactiveFlag": inactive,
                "disableOnlineFlag": False,
                "adminFlag": False,
                "securityRole": {"id": role},
                "defaultLocation": {"id": 2},
                "defaultDepartment": {"id": 10},
                "serviceDefaultBoard": {"id": 1},
            }
            for key, login, first, last, licence, inactive, role in _MEMBERS
        ],
        "apiMembers": [
            {
                "id": 900,
                "identifier": "podapi",
                "name": "Pod Integration",
                "emailAddress": "podapi@northgate.example",
                "inactiveFlag": False,
                "securityRole": {"id": 71},
                "defaultLocation": {"id": 2},
                "defaultDepartment": {"id": 10},
                "serviceDefaultBoard": {"id": 1},
            }
        ],
        "departments": [{"id": 10, "identifier": "Services", "name": "Service desk"}],
        "hostedScreens": [
            {"id": index + 1, "screenId": screen, "name": name}
            for index, (screen, name) in enumerate(zip(_SCREENS, _SCREEN_NAMES, strict=True))
        ],
    }
