"""The invented account's fixed lists: statuses, priorities and the other choices of the ticket form."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]


def _listed(first: int, *names: str) -> list[Record]:
    return [{"id": str(first + index), "name": name} for index, name in enumerate(names)]


STATUSES = [
    {**row, "description": None}
    for row in _listed(31, "New", "In Progress", "Waiting on Client", "Scheduled", "On Site", "Closed")
]
CLOSED = "Closed"
PRIORITIES = [
    {**row, "colorCode": color}
    for row, color in zip(
        _listed(41, "Critical", "High", "Medium", "Low"), ("#c0392b", "#e67e22", "#f1c40f", "#95a5a6"), strict=True
    )
]
IMPACTS = _listed(51, "High", "Medium", "Low")
URGENCIES = _listed(55, "High", "Medium", "Low")
REQUEST_TYPES = _listed(59, "Incident", "Service request", "Problem")
SLAS = _listed(63, "Standard hours", "Round the clock")
RESOLUTION_CODES = [
    {**row, "description": None} for row in _listed(66, "Fixed", "Workaround", "No answer from the client")
]
CATEGORIES: list[Record] = [
    {"id": "71", "name": "Sign-in and password", "subCategories": _listed(74, "Password reset", "Second factor")},
    {"id": "72", "name": "Access request", "subCategories": _listed(77, "Mailbox", "Folder")},
    {"id": "73", "name": "Hardware", "subCategories": []},
]
REQUESTER_ROLES = [
    {"roleId": "4", "name": "Requester", "description": None},
    {"roleId": "5", "name": "Requester with approval", "description": None},
]
# Which field holds which list: column name -> (label, list).
CHOICES: dict[str, tuple[str, list[Record]]] = {
    "status": ("Status", STATUSES),
    "priority": ("Priority", PRIORITIES),
    "impact": ("Impact", IMPACTS),
    "urgency": ("Urgency", URGENCIES),
    "requestType": ("Request type", REQUEST_TYPES),
    "category": ("Category", CATEGORIES),
    "resolutionCode": ("Resolution code", RESOLUTION_CODES),
}
# id, module, column name, label, kind, shown to the requester, choices
CUSTOM_FIELDS: list[tuple[str, str, str, str, str, bool, tuple[str, ...]]] = [
    ("81", "TICKET", "udf1text", "Asset tag", "TEXT", False, ()),
    ("82", "TICKET", "udf2select", "Building", "SELECT", True, ("North", "South")),
    ("83", "COMPANY_USER", "udf1text", "Mobile phone", "TEXT", True, ()),
    ("84", "COMPANY_USER", "udf2date", "Works here since", "DATE", False, ()),
    ("85", "COMPANY_USER", "udf6mselect", "Care", "MULTI_SELECT", False, ("VIP", "Reads large type", "Works nights")),
]
