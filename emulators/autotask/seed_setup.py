"""The set-up of a tenant: people, roles, ticket categories and their defaults."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

API_USER = 29689999
HELP_DESK, FIELD_SERVICE = 29680055, 29680056
HELP_DESK_ROLE, FIELD_ROLE = 29680500, 29680501
STANDARD, MONITORING = 3, 4


def northgate() -> dict[str, list[Record]]:
    """The set-up tables of Northgate IT."""
    return {
        "Resources": resources("northgate.example"),
        "Roles": [
            {"id": HELP_DESK_ROLE, "name": "Help Desk Technician", "description": "", "isActive": True},
            {"id": FIELD_ROLE, "name": "Field Engineer", "description": "", "isActive": True},
        ],
        "ResourceRoles": [
            {"id": 1, "resourceID": 29680011, "roleID": HELP_DESK_ROLE, "queueID": HELP_DESK, "isActive": True},
            {"id": 2, "resourceID": 29680012, "roleID": HELP_DESK_ROLE, "queueID": HELP_DESK, "isActive": True},
            {"id": 3, "resourceID": 29680012, "roleID": FIELD_ROLE, "queueID": FIELD_SERVICE, "isActive": True},
        ],
        "ResourceServiceDeskRoles": [
            {"id": 1, "resourceID": 29680011, "roleID": HELP_DESK_ROLE, "isDefault": True, "isActive": True},
            {"id": 2, "resourceID": 29680012, "roleID": HELP_DESK_ROLE, "isDefault": True, "isActive": True},
            {"id": 3, "resourceID": 29680012, "roleID": FIELD_ROLE, "isDefault": False, "isActive": True},
        ],
        # Where an insight stands is an administrator's choice per category, which the API does not show.
        "TicketCategories": [
            category(STANDARD, "Standard", globally=True, insights=True),
            category(MONITORING, "RMM Alert", globally=False, insights=False),
            {**category(5, "Integration", globally=False, insights=True), "isApiOnly": True},
        ],
        "TicketCategoryFieldDefaults": [
            {
                "id": 1,
                "ticketCategoryID": STANDARD,
                "status": 1,
                "priority": 2,
                "queueID": HELP_DESK,
                "ticketTypeID": 1,
                "sourceID": 2,
            },
            {"id": 2, "ticketCategoryID": MONITORING, "status": 1, "priority": 2, "queueID": 8, "sourceID": 8},
        ],
    }


def category(key: int, name: str, *, globally: bool, insights: bool) -> Record:
    """A ticket category; `insights` is whether its screen has the vendor's insights."""
    return {
        "id": key,
        "name": name,
        "nickname": name[:3].upper(),
        "isActive": True,
        "isApiOnly": False,
        "isGlobalDefault": globally,
        "displayColorRGB": 16777215,
        "_insights": insights,
    }


def resources(domain: str) -> list[Record]:
    """The people of a tenant, and its API user."""
    people = [
        (4, "administrator", "Autotask", "Administrator", 1, 10, True),
        (29680011, "sam", "Sam", "Okafor", 1, 12, True),
        (29680012, "priya", "Priya", "Nair", 1, 12, True),
        (29680013, "lena", "Lena", "Hartmann", 1, 12, False),
        (API_USER, "podapi", "Pod", "Integration", 7, 17, True),
    ]
    return [
        {
            "id": key,
            "firstName": first,
            "lastName": last,
            "email": f"{name}@{domain}",
            "userName": f"{name}@{domain}",
            "isActive": active,
            "licenseType": license_type,
            "userType": user_type,
            "resourceType": "Employee",
            "defaultServiceDeskRoleID": HELP_DESK_ROLE if key in (29680011, 29680012) else None,
            "internalCost": 41.5,
            # Whether the own security level lets others act in this name.
            "_impersonable": license_type == 1 and key != 4,
        }
        for key, name, first, last, license_type, user_type, active in people
    ]
