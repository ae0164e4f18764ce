"""The lists of values behind picklist fields, in English and, with other ids, as a German tenant has them.

Ids and labels are typical, not guaranteed: every tenant renames, translates and adds. `-1` is a legal id.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Record = dict[str, Any]


class Value(NamedTuple):
    """One entry: its id, its label, the parent list's value it belongs to, and whether it is in use."""

    id: int
    label: str
    parent: int | None = None
    active: bool = True


Picklists = dict[str, list[Value]]

_SHARED: Picklists = {
    "insightCategory": [Value(1, "Ticket"), Value(2, "Configuration Item")],
    "licenseType": [Value(1, "Professional"), Value(3, "Time & Attendance Only"), Value(7, "API User")],
    "userType": [Value(10, "Administrator"), Value(12, "User"), Value(17, "API User (API-only)")],
}

ENGLISH: Picklists = {
    **_SHARED,
    "ticketStatus": [
        Value(1, "New"),
        Value(5, "Complete"),
        Value(7, "Waiting Customer"),
        Value(8, "In Progress"),
        Value(12, "Waiting Vendor"),
        Value(15, "Customer Note Added"),
        Value(16, "Escalated (old)", active=False),
    ],
    "ticketPriority": [Value(4, "Critical"), Value(1, "High"), Value(2, "Medium"), Value(3, "Low")],
    "ticketSource": [
        Value(-1, "Client Portal"),
        Value(1, "Other"),
        Value(2, "Phone"),
        Value(4, "Email"),
        Value(6, "In Person/Onsite"),
        Value(8, "Monitoring Alert"),
    ],
    "ticketType": [
        Value(1, "Service Request"),
        Value(2, "Incident"),
        Value(3, "Problem"),
        Value(4, "Change Request"),
        Value(5, "Alert"),
    ],
    "queue": [
        Value(5, "Client Portal"),
        Value(6, "Post Sale"),
        Value(8, "Monitoring Alert"),
        Value(29680055, "Help Desk"),
        Value(29680056, "Field Service"),
    ],
    "issueType": [Value(10, "Sign-in and password"), Value(11, "Access request"), Value(12, "Hardware")],
    "subIssueType": [
        Value(136, "Password", 10),
        Value(137, "Second factor", 10),
        Value(138, "Mailbox", 11),
        Value(139, "Peripheral", 12),
    ],
    "noteType": [
        Value(1, "Task Summary"),
        Value(2, "Task Detail"),
        Value(3, "Task Notes"),
        Value(13, "Workflow Rule Note"),
        Value(18, "Client Portal Note"),
        Value(99, "RMM Note"),
        Value(101, "Email Note"),
    ],
    "publish": [
        Value(1, "All Autotask Users"),
        Value(2, "Internal Project Team"),
        Value(4, "Internal & Co-Managed"),
    ],
    "companyType": [
        Value(1, "Customer"),
        Value(2, "Lead"),
        Value(3, "Prospect"),
        Value(4, "Dead"),
        Value(5, "Cancelation"),
        Value(6, "Vendor"),
        Value(7, "Partner"),
    ],
    "namePrefix": [Value(1, "Mr."), Value(2, "Ms."), Value(3, "Dr.")],
}

GERMAN: Picklists = {
    **_SHARED,
    "ticketStatus": [
        Value(1, "Neu"),
        Value(5, "Abgeschlossen"),
        Value(29682801, "In Bearbeitung"),
        Value(29682802, "Wartet auf Kunde"),
    ],
    "ticketPriority": [Value(11, "Kritisch"), Value(12, "Hoch"), Value(13, "Mittel"), Value(14, "Niedrig")],
    "ticketSource": [Value(-1, "Kundenportal"), Value(2, "Telefon"), Value(4, "E-Mail")],
    "ticketType": [Value(1, "Serviceanfrage"), Value(2, "Störung")],
    "queue": [Value(29683211, "Erste Ebene"), Value(29683212, "Zweite Ebene")],
    "issueType": [Value(21, "Anmeldung")],
    "subIssueType": [Value(236, "Kennwort", 21)],
    "noteType": [Value(31, "Aufgabendetail"), Value(32, "Aufgabennotiz"), Value(13, "Workflow-Regel")],
    "publish": [
        Value(1, "Alle Autotask-Benutzer"),
        Value(2, "Interne Benutzer"),
        Value(4, "Intern und mitverwaltet"),
    ],
    "companyType": [Value(1, "Kunde"), Value(6, "Lieferant")],
    "namePrefix": [Value(1, "Herr"), Value(2, "Frau")],
}


def described(values: list[Value]) -> list[Record]:
    """`picklistValues` of the metadata: here ids are strings."""
    return [
        {
            "value": str(value.id),
            "label": value.label,
            "isDefaultValue": False,
            "sortOrder": order,
            "parentValue": "" if value.parent is None else str(value.parent),
            "isActive": value.active,
            "isSystem": abs(value.id) < 1000,
        }
        for order, value in enumerate(values, 1)
    ]
