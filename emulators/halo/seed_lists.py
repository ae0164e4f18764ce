"""The invented set-up of the tenant: agents, teams, ticket types, statuses, priorities, outcomes and others."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

Record = dict[str, Any]

UNASSIGNED, PRIYA, SAM, API_AGENT, LENA, NOOR = 1, 7, 42, 57, 63, 71
INCIDENT, ACCESS, CHANGE, ALERT = 1, 3, 21, 24
NEW, IN_PROGRESS, RESOLVED, MERGED = 1, 2, 23, 26
FIRST_LINE = "1st Line Support"

# id, name, login, team, disabled, API only, the one client it is kept to
_AGENTS: list[tuple[int, str, str, str, bool, bool, int]] = [
    (UNASSIGNED, "Unassigned", "", "", False, False, 0),
    (PRIYA, "Priya Nair", "priya", "2nd Line Support", False, False, 0),
    (SAM, "Sam Okafor", "sam", FIRST_LINE, False, False, 0),
    (API_AGENT, "Pod Integration", "podapi", FIRST_LINE, False, True, 0),
    (LENA, "Lena Hartmann", "lena", FIRST_LINE, True, False, 0),
    (NOOR, "Noor Haddad", "noor", "Field Service", False, False, 18),
]
_TEAMS = [(1, FIRST_LINE), (2, "2nd Line Support"), (5, "Field Service")]
# id, name, SLA, default priority, team, agents may create it, has mandatory fields, all custom tabs are allowed
_TYPES: list[tuple[int, str, int, int, str, bool, bool, bool]] = [
    (INCIDENT, "Incident", 1, 3, FIRST_LINE, True, False, True),
    (ACCESS, "Access Request", 1, 3, FIRST_LINE, True, False, True),
    (CHANGE, "Change Request", 2, 1, "2nd Line Support", True, True, False),
    (ALERT, "Monitoring Alert", 2, 2, FIRST_LINE, False, False, True),
]
# id, name, short name, 0 open, 1 pending, 2 closed. 9 and 10 are not what they are elsewhere.
_STATUSES: list[tuple[int, str, str, int]] = [
    (NEW, "New", "New", 0),
    (IN_PROGRESS, "In Progress", "Prog", 0),
    (4, "Assigned", "Asgd", 0),
    (5, "With User", "User", 1),
    (8, "Awaiting Parts", "Part", 1),
    (9, "With CAB", "CAB", 0),
    (10, "On Hold", "Hold", 1),
    (14, "Updated", "Upd", 0),
    (21, "Scheduled", "Schd", 0),
    (RESOLVED, "Resolved", "Res", 2),
    (24, "Closed", "Clsd", 2),
    (MERGED, "Merged", "Mrgd", 2),
]
# SLA, number, name: the same number is another priority under another SLA.
_PRIORITIES = [
    (1, 1, "Critical"),
    (1, 2, "High"),
    (1, 3, "Medium"),
    (1, 4, "Low"),
    (2, 1, "Low"),
    (2, 2, "Standard"),
    (2, 3, "Urgent"),
]
# id, outcome, hidden, hides from the user, sends mail, new status, agents that may use it (none named: all)
_OUTCOMES: list[tuple[int, str, bool, bool, bool, int, list[int]]] = [
    (7, "Technician Note", False, True, False, 0, []),
    (8, "Public Note", False, False, False, 0, []),
    (9, "Old Private Note", True, True, False, 0, []),
    (16, "Email User", False, False, True, 0, []),
    (17, "Update", False, False, True, 0, []),
    (23, "Resolve", False, False, False, RESOLVED, []),
    (30, "Phone Call", False, True, False, IN_PROGRESS, []),
    (41, "Manager Note", False, True, False, 0, [SAM]),
]
_CATEGORIES = ["Accounts>Password", "Accounts>Second factor", "Communication>SMS", "Hardware>Peripheral"]
_SECOND_CATEGORIES = ["Reset", "Unlock", "Replace"]
_FIELDS = [(204, "CFverification", "Verification", "Tickets"), (205, "CFriskassessment", "Risk assessment", "Tickets")]
_LOOKUP_KINDS = ["Priorities", "Impacts", "Urgencies", "Lookup kinds", "Countries"]


def records() -> dict[str, list[Record]]:
    """Every table of the set-up, members that begin with `_` being the emulator's own."""
    return {
        "agents": [_agent(*row) for row in _AGENTS],
        "teams": [
            {
                "id": key,
                "guid": guid(f"team {key}"),
                "name": name,
                "sequence": key,
                "forrequests": True,
                "inactive": False,
                "department_id": 1,
                "department_name": "Northgate IT",
            }
            for key, name in _TEAMS
        ],
        "types": [_type(*row) for row in _TYPES],
        "statuses": [
            {
                "id": key,
                "guid": guid(f"status {key}"),
                "name": name,
                "shortname": short,
                "type": kind,
                "sequence": place,
                "colour": ("#3a7d44", "#c98a12", "#7a8594")[kind],
                "slaaction": "N" if kind == 0 else "H",
            }
            for place, (key, name, short, kind) in enumerate(_STATUSES)
        ],
        "priorities": [
            {"id": guid(f"sla {sla} {number}"), "slaid": sla, "priorityid": number, "name": name, "ishidden": False}
            for sla, number, name in _PRIORITIES
        ],
        "outcomes": [_outcome(place, *row) for place, row in enumerate(_OUTCOMES)],
        "categories": [
            *(_category(key, value, 1) for key, value in enumerate(_CATEGORIES, 101)),
            *(_category(key, value, 2) for key, value in enumerate(_SECOND_CATEGORIES, 201)),
        ],
        "fields": [
            {"id": key, "name": name, "label": label, "usage": usage, "type": 0, "isencrypted": False}
            for key, name, label, usage in _FIELDS
        ],
        "lookup": [{"id": key, "lookupid": 11, "name": name} for key, name in enumerate(_LOOKUP_KINDS, 1)],
    }


def guid(name: str) -> str:
    """The same uuid for the same name, always."""
    return str(uuid5(NAMESPACE_URL, f"halo.example/{name}"))


def _category(key: int, value: str, level: int) -> Record:
    return {
        "id": key,
        "value": value,
        "category_name": value,
        "type_id": level,
        "sla_id": -1,
        "priority_id": -1,
        "category_group_id": 0,
    }


def _agent(key: int, name: str, login: str, team: str, disabled: bool, api_only: bool, client: int) -> Record:
    first, _, last = name.partition(" ")
    team_id = next((number for number, label in _TEAMS if label == team), 0)
    return {
        "id": key,
        "guid_string": guid(f"agent {key}"),
        "name": name,
        "email": f"{login}@northgate.example" if login else "",
        "firstname": first,
        "surname": last,
        "initials": first[:1] + last[:1],
        "jobtitle": "" if api_only else "Technician",
        "isdisabled": disabled,
        "isapiagent": api_only,
        "is_agent": True,
        "onlinestatus": 0,
        "team": team,
        "teams": [{"team_id": team_id, "team_name": team, "in_section": True}] if team else [],
        "one_client": client,
    }


def _type(
    key: int, name: str, sla: int, priority: int, team: str, can_create: bool, mandatory: bool, all_tabs: bool
) -> Record:
    return {
        "id": key,
        "guid": guid(f"type {key}"),
        "name": name,
        "use": "reqs",
        "group_id": 1,
        "group_name": "Service desk",
        "default_sla": sla,
        "default_priority": priority,
        "default_team": team,
        "cancreate": can_create,
        "agentscanselect": can_create,
        "enduserscanselect": False,
        "hasmandatorytechfields": mandatory,
        "visible": True,
        "itilrequesttype": 1,
        "sequence": key,
        "_detail": {
            "workflow_id": 0,
            "allowall_status": not mandatory,
            "allowed_status": [NEW, IN_PROGRESS, RESOLVED] if mandatory else [],
            "allowall_iframe_customtabs": all_tabs,
            "allowed_iframe_customtabs": [],
            "fields": [
                {
                    "fieldid": 205,
                    "name": "CFriskassessment",
                    "label": "Risk assessment",
                    "techdisplay": 2,
                    "mandatory": True,
                }
            ]
            if mandatory
            else [],
        },
    }


def _outcome(
    place: int, key: int, name: str, hidden: bool, hides: bool, mails: bool, status: int, agents: list[int]
) -> Record:
    return {
        "id": key,
        "guid": guid(f"outcome {key}"),
        "outcome": name,
        "buttonname": name,
        "labellong": name,
        "hidden": hidden,
        "systemid": 0,
        "respondtype": 0,
        "hidefromuser": hides,
        "actionvisibility": 1 if hides else 0,
        "sendemail": mails,
        "newstatus": status,
        "setemailbodytonote": mails,
        "hide_user_visibility_toggle": False,
        "mustaddnote": True,
        "sequence": place,
        "_agents": agents,
    }
