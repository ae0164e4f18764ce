"""The invented data a tenant starts with: the demo's people with this product's ids and shapes, and the odd records.

Companies, contacts and tickets are those of the other ticketing systems of the demo, whose phones and accounts the
other stand-ins know.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from emulators.connectwise.seed_rows import COMPANIES, CONTACTS, NOTES, TICKETS
from emulators.halo import seed_lists
from emulators.halo.note_html import from_text
from emulators.halo.seed_lists import ACCESS, ALERT, CHANGE, FIRST_LINE, IN_PROGRESS, INCIDENT, MERGED, NEW, PRIYA, SAM

Record = dict[str, Any]

UNKNOWN, BELL = 1, 24
LINKED = (77, 80, 84)  # contacts whose records come from a directory
_CLIENT_SHIFT, _USER_SHIFT, _TICKET_SHIFT = 232, -234, 43_500
_STATUS = {501: NEW, 521: NEW, 502: IN_PROGRESS, 523: IN_PROGRESS, 503: 5, 522: 21, 504: 24, 524: 24}
_AGENT = {186: SAM, 187: PRIYA, None: seed_lists.UNASSIGNED}
_TYPE = {41: INCIDENT, 42: ACCESS, 43: INCIDENT, 44: INCIDENT}
_OLD_TICKETS = 190
_BULK_USERS = 20


def client_id(company: int) -> int:
    """A demo company's id here."""
    return company - _CLIENT_SHIFT


def user_id(contact: int) -> int:
    """A demo contact's id here."""
    return contact - _USER_SHIFT


def ticket_id(ticket: int) -> int:
    """A demo ticket's id here: 48213 is 4713."""
    return ticket - _TICKET_SHIFT


def records() -> dict[str, list[Record]]:
    """Every table's rows, times relative to this moment; a ticket's actions are in its `_actions`."""
    clock = datetime.now(UTC)
    tables = seed_lists.records()
    tables["clients"] = _clients()
    tables["sites"] = [_site(row) for row in tables["clients"]]
    tables["sites"].append({**_site(tables["clients"][1]), "id": 40, "name": "Annexe"})
    tables["users"] = _users(tables["clients"])
    tables["tickets"] = _tickets(clock)
    tables["tabs"] = []
    return tables


def _stamp(clock: datetime, minutes: int) -> str:
    return (clock - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")


def _clients() -> list[Record]:
    rows = [(UNKNOWN, "Unknown", "", False)]
    rows += [(client_id(key), name, phone, status != 1) for key, _, name, _, phone, status, _ in COMPANIES]
    rows += [(BELL, "Bell & Sons + Co", "0207 946 0000", False)]
    return [
        {
            "id": key,
            "name": name,
            "toplevel_id": 12,
            "toplevel_name": "Northgate IT",
            "inactive": inactive,
            "main_site_id": key + 9 if key != UNKNOWN else 1,
            "main_site_name": "Main",
            "colour": "#2c5aa0",
            "is_vip": False,
            "ref": "",
            "_phone": phone,
            "_detail": {"website": "", "notes": "", "customfields": []},
        }
        for key, name, phone, inactive in rows
    ]


def _site(client: Record) -> Record:
    return {
        "id": client["main_site_id"],
        "name": "Main",
        "client_id": client["id"],
        "inactive": client["inactive"],
        "phonenumber": client["_phone"],
        "timezone": "",
        "emaildomain": "",
        "maincontact_id": 0,
        "maincontact_name": "",
    }


def _user(key: int, name: str, client: Record, **members: Any) -> Record:
    first, _, last = name.partition(" ")
    members["_detail"] = {"email2": "", "email3": "", "notes": "", "customfields": [], **members.pop("_detail", {})}
    return {
        "id": key,
        "name": name,
        "firstname": first,
        "surname": last,
        "title": "",
        "emailaddress": "",
        "phonenumber": "",
        "mobilenumber": "",
        "mobilenumber2": "",
        "homenumber": "",
        "sitephonenumber": client["_phone"],
        "fax": "",
        "whatsapp_number": "",
        "telpref": 0,
        "client_id": client["id"],
        "site_id": client["main_site_id"],
        "inactive": False,
        "isimportantcontact": False,
        "isserviceaccount": False,
        "neversendemails": False,
        "login": "",
        "networklogin": "",
        "azureoid": "",
        "linked_agent_id": 0,
        "use": "user",
        **members,
    }


def _demo_user(row: tuple[Any, ...], client: Record) -> Record:
    key, first, last, _, title, inactive, items = row
    numbers = {2: "phonenumber", 3: "fax", 4: "mobilenumber", 5: "homenumber", 1: "emailaddress"}
    members = {numbers[kind]: f"{value} x{extra}" if extra else value for kind, value, extra, _ in items}
    linked = f"00000000-0000-4000-8000-0000000003{key - 66}" if key in LINKED else ""
    return _user(
        user_id(key),
        f"{first} {last}",
        client,
        title=title,
        inactive=inactive,
        isimportantcontact=key in (77, 81, 85),
        telpref=2 if "mobilenumber" in members else 0,
        azureoid=linked,
        **members,
    )


def _users(clients: list[Record]) -> list[Record]:
    by_id = {row["id"]: row for row in clients}
    lark, bell = by_id[client_id(250)], by_id[BELL]
    rows = [_demo_user(row, by_id[client_id(row[3])]) for row in CONTACTS]
    rows += [
        _user(200 + row["id"], "General User", row, use="general", firstname="General", surname="User")
        for row in clients
    ]
    rows += [
        _user(340, "Tess & Co + Ltd", bell, emailaddress="tess+help@bell.example", mobilenumber2="07700 900123"),
        _user(341, "Nuala <Admin> O'Brien", bell, emailaddress="nuala@bell.example", mobilenumber="07700900124"),
        _user(342, "王 小明", bell, emailaddress="xiaoming@bell.example", whatsapp_number="+447700900125"),
        _user(343, "Reception Scanner", lark, isserviceaccount=True, emailaddress="scanner@larkfield.example"),
        _user(344, "Hugo Bell", bell, mobilenumber="+44 (0)7700 900126", _detail={"email2": "hugo@home.example"}),
    ]
    rows += [
        _user(400 + place, f"Branch {place:02d} Clerk", bell, emailaddress=f"clerk{place:02d}@bell.example")
        for place in range(1, _BULK_USERS + 1)
    ]
    return rows


def ticket_row(key: int, summary: str, minutes: str, **members: Any) -> Record:
    """A ticket with every member, raised at `minutes` (a stamp)."""
    return {
        "id": key,
        "dateoccurred": minutes,
        "summary": summary,
        "details": "",
        "status_id": NEW,
        "tickettype_id": INCIDENT,
        "sla_id": 1,
        "priority_id": 3,
        "client_id": UNKNOWN,
        "site_id": 1,
        "user_id": 200 + UNKNOWN,
        "reportedby": "",
        "agent_id": seed_lists.UNASSIGNED,
        "team": FIRST_LINE,
        "category_1": "",
        "category_2": "",
        "category_3": "",
        "category_4": "",
        "impact": 3,
        "urgency": 3,
        "source": 0,
        "third_party_id": 0,
        "third_party_id_string": "",
        "hasbeenclosed": False,
        "dateclosed": "1900-01-01T00:00:00",
        "onhold": False,
        "inactive": False,
        "deleted": False,
        "lastactiondate": minutes,
        "last_update": minutes,
        "customfields": [],
        "_actions": [],
        **members,
    }


def _tickets(clock: datetime) -> list[Record]:
    rows = [_demo_ticket(clock, row) for row in TICKETS]
    larkfield, main = client_id(250), client_id(250) + 9
    for key, summary, members in (
        (4735, "Panel of the branch door is dark", {"tickettype_id": CHANGE, "sla_id": 2, "priority_id": 1}),
        (
            4736,
            "Disk is nearly full",
            {"tickettype_id": ALERT, "sla_id": 2, "priority_id": 2, "user_id": 200 + larkfield},
        ),
        (4737, "Same as the other one", {"status_id": MERGED, "hasbeenclosed": True, "dateclosed": _stamp(clock, 50)}),
    ):
        members = {"client_id": larkfield, "site_id": main, "user_id": user_id(77), **members}
        rows.append(ticket_row(key, summary, _stamp(clock, 60), **members))
    rows.append(
        ticket_row(4738, "Till does not print", _stamp(clock, 55), client_id=BELL, site_id=BELL + 9, user_id=340)
    )
    for place in range(_OLD_TICKETS):
        raised = _stamp(clock, 20_000 + 97 * place)
        who = 401 + place % _BULK_USERS
        rows.append(
            ticket_row(
                4200 - place,
                f"Old request {place + 1}",
                raised,
                client_id=BELL,
                site_id=BELL + 9,
                user_id=who,
                status_id=24,
                hasbeenclosed=True,
                dateclosed=_stamp(clock, 19_000 + 97 * place),
                agent_id=SAM if place % 2 else PRIYA,
            )
        )
    return rows


def _demo_ticket(clock: datetime, row: tuple[Any, ...]) -> Record:
    key, summary, company, contact, board, status, priority, owner, kind, _, age = row
    closed = status in (504, 524)
    notes = sorted((note for note in NOTES if note[0] == key), key=lambda note: -note[1])
    actions = [_action(clock, ticket_id(key), place, note) for place, note in enumerate(notes, 1)]
    return ticket_row(
        ticket_id(key),
        summary,
        _stamp(clock, age),
        details=notes[0][5] if notes else summary,
        status_id=_STATUS[status],
        tickettype_id=_TYPE[kind],
        priority_id=priority,
        client_id=client_id(company),
        site_id=client_id(company) + 9,
        user_id=user_id(contact) if contact else 200 + client_id(company),
        agent_id=_AGENT[owner],
        team=FIRST_LINE if board == 1 else "Field Service",
        category_1="Accounts>Password" if kind == 41 else "",
        hasbeenclosed=closed,
        dateclosed=_stamp(clock, age - 200) if closed else "1900-01-01T00:00:00",
        _actions=actions,
    )


def _action(clock: datetime, ticket: int, place: int, note: tuple[Any, ...]) -> Record:
    _, age, kind, contact, member, text = note
    names = {row[0]: f"{row[1]} {row[2]}" for row in CONTACTS}
    agents = {186: "Sam Okafor", 187: "Priya Nair"}
    who = names.get(contact) or agents.get(member) or "Monitoring"
    hidden = kind == "i"
    return {
        "id": place,
        "ticket_id": ticket,
        "outcome": "Technician Note" if hidden else "Update",
        "outcome_id": 7 if hidden else 17,
        "who": who,
        "who_type": 1 if member else 0,
        "who_agentid": _AGENT[member] if member else 0,
        "datetime": _stamp(clock, age),
        "note": text,
        "note_html": from_text(text),
        "hiddenfromuser": hidden,
        "important": False,
        "actionby_application_id": "",
        "guid": seed_lists.guid(f"action {ticket} {place}"),
    }
