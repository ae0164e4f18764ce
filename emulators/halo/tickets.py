"""Tickets: lists, one, create and change, with the rules of ticket types, priorities and statuses."""

from __future__ import annotations

from typing import Any

from emulators.halo.call import Call, flag, integer, text, with_fields
from emulators.halo.errors import BrokenRule, not_found
from emulators.halo.lists import Filter, advanced, changed_since, changed_until, contains, equals
from emulators.halo.note_html import clean, from_text
from emulators.halo.seed import UNKNOWN, ticket_row
from emulators.halo.seed_lists import INCIDENT
from emulators.halo.store import Record, Store, now

CLOSED = 2
_SEARCHED = ("id", "summary", "details", "user_name", "client_name")
_NEVER = "1900-01-01T00:00:00"
FILTERS = (
    equals("client_id"),
    equals("site_id"),
    equals("user_id"),
    equals("agent_id"),
    equals("status_id"),
    equals("requesttype_id", "tickettype_id"),
    equals("search_id", "id"),
    equals("searchthisticketid", "id"),
    contains("search", *_SEARCHED),
    contains("search_summary", "summary"),
    contains("search_user_name", "user_name"),
    Filter("team_name", lambda row, query: row["team"].casefold() == query.text("team_name").casefold()),
    Filter("team", lambda row, query: row["team"].casefold() == query.text("team").casefold()),
    Filter("open_only", lambda row, query: not (query.flag("open_only") and row["hasbeenclosed"])),
    Filter("closed_only", lambda row, query: not query.flag("closed_only") or row["hasbeenclosed"]),
    Filter("ticketids", lambda row, query: str(row["id"]) in query.text("ticketids").replace(" ", "").split(",")),
    changed_since("lastupdatefromdate", "last_update"),
    changed_until("lastupdatetodate", "last_update"),
    Filter("startdate", lambda row, query: _between(row, query, "startdate")),
    Filter("enddate", lambda row, query: _between(row, query, "enddate")),
)


def _between(row: Record, query: Any, name: str) -> bool:
    column = query.text("datesearch").lower()
    if column not in ("dateoccurred", "dateclosed", "last_update", "lastactiondate"):
        return True
    edge = query.text(name).removesuffix("Z").partition(".")[0]
    return bool(row[column] >= edge) if name == "startdate" else bool(row[column] <= edge)


def render(store: Store, row: Record) -> Record:
    """A ticket with the names of what it refers to."""
    user = store.get("users", row["user_id"]) or {"name": "", "emailaddress": ""}
    return {
        **{name: value for name, value in row.items() if not name.startswith("_")},
        "client_name": store.name("clients", row["client_id"]),
        "site_name": store.name("sites", row["site_id"]),
        "user_name": user["name"],
        "user_email": user["emailaddress"],
    }


def listed(call: Call) -> list[Record]:
    """The tickets that the agent may see, rendered, before filters."""
    rows = call.visible("tickets", call.store.rows("tickets"), lambda row: int(row["client_id"]))
    asked = any(call.query.flag(name) for name in ("includeclosed", "closed_only"))
    if not (asked or call.faults.on("closed_listed")):
        rows = [row for row in rows if not row["hasbeenclosed"]]
    shown = [render(call.store, row) for row in rows]
    wanted = call.query.text("advanced_search")
    return advanced(shown, wanted, call.faults.words("advanced_fields")) if wanted else shown


def list_row(call: Call, row: Record) -> Record:
    """A row of a list, which lacks the names of status and agent unless they are asked for."""
    row.pop("customfields")
    if call.query.flag("includestatus") or call.query.flag("includecolumns"):
        row["status_name"] = call.store.name("statuses", row["status_id"])
    if call.query.flag("includeagent") or call.query.flag("includecolumns"):
        row["agent_name"] = call.store.name("agents", row["agent_id"])
    if call.query.flag("includetickettype"):
        row["tickettype_name"] = call.store.name("types", row["tickettype_id"])
    return row


def one(call: Call, key: int) -> Record:
    """One ticket, whole. Raises 404, also for one that the agent may not see."""
    row = find(call, key)
    shown = {
        **render(call.store, row),
        "status_name": call.store.name("statuses", row["status_id"]),
        "agent_name": call.store.name("agents", row["agent_id"]),
        "tickettype_name": call.store.name("types", row["tickettype_id"]),
    }
    if call.query.flag("includedetails"):
        shown["details_html"] = from_text(row["details"])
    else:
        shown.pop("customfields")
    return shown


def find(call: Call, key: int) -> Record:
    """The stored ticket. Raises 404, also for one that the agent may not see."""
    row = call.store.get("tickets", key)
    if row is None or not call.visible("tickets", [row], lambda ticket: int(ticket["client_id"])):
        raise not_found()
    return row


def write(call: Call, sent: Record, where: str) -> Record:
    """Create a ticket, or with an `id` change the members that are sent. Raises ApiError and BrokenRule."""
    key = integer(sent, "id", where)
    if key:
        row = dict(find(call, key))
    else:
        row = ticket_row(0, "", now())
        row.update({"id": None, "user_id": None, "site_id": None, "client_id": None, "agent_id": 1})
    _plain(call, row, sent, where)
    _type(call, row, sent, where, new=not key)
    _place(call, row, sent, where, new=not key)
    _status(call, row, sent, where)
    row["last_update"] = now()
    if not key:
        row["_actions"] = [_first_action(row)] if row["details"] else []
    stored = call.store.put("tickets", row)
    for action in stored["_actions"]:
        action["ticket_id"] = stored["id"]
    return one(call, stored["id"])


def set_status(call: Call, row: Record, status_id: int, sent: Record) -> None:
    """Move a ticket (not stored yet) to a status of its type. Raises BrokenRule."""
    status = call.store.get("statuses", status_id)
    kind = call.store.get("types", row["tickettype_id"])
    assert kind is not None
    if status is None:
        raise BrokenRule("The Status selected does not exist")
    if not kind["_detail"]["allowall_status"] and status_id not in kind["_detail"]["allowed_status"]:
        raise BrokenRule("The Status selected is not allowed for this Ticket Type")
    closes = status["type"] == CLOSED and not row["hasbeenclosed"]
    if closes and call.faults.on("closing_needs_fields") and not sent.get("_novalidate"):
        raise BrokenRule("Please complete all mandatory closure fields: Resolution Category")
    row["status_id"] = status_id
    row["hasbeenclosed"] = status["type"] == CLOSED
    row["onhold"] = status["type"] == 1
    row["dateclosed"] = now() if closes else row["dateclosed"] if row["hasbeenclosed"] else _NEVER


def _plain(call: Call, row: Record, sent: Record, where: str) -> None:
    for name in (
        "summary",
        "category_1",
        "category_2",
        "category_3",
        "category_4",
        "reportedby",
        "third_party_id_string",
    ):
        if sent.get(name) is not None:
            row[name] = text(sent, name, where)
    for name in ("impact", "urgency", "source", "third_party_id"):
        if sent.get(name) is not None:
            row[name] = integer(sent, name, where)
    if sent.get("details_html") is not None:
        row["details"] = clean(text(sent, "details_html", where))[1]
    elif sent.get("details") is not None:
        row["details"] = text(sent, "details", where)
    if row["_actions"] and row["details"] and ("details" in sent or "details_html" in sent):
        html = from_text(row["details"])
        row["_actions"] = [{**row["_actions"][0], "note": row["details"], "note_html": html}, *row["_actions"][1:]]
    agent = integer(sent, "agent_id", where)
    if agent is not None:
        if call.store.get("agents", agent) is None:
            raise BrokenRule("The Agent selected does not exist")
        row["agent_id"] = agent
    # A team that nobody knows is passed over: inferred from how names are matched, and the nastier of the two ways.
    team = text(sent, "team", where).casefold()
    row["team"] = next(
        (known["name"] for known in call.store.rows("teams") if known["name"].casefold() == team), row["team"]
    )
    if sent.get("customfields") is not None:
        fields = call.store.rows("fields")
        row["customfields"] = with_fields(row["customfields"], sent["customfields"], fields, where)
    if not row["summary"].strip():
        raise BrokenRule("Please enter a Summary")


def _type(call: Call, row: Record, sent: Record, where: str, new: bool) -> None:
    wanted = integer(sent, "tickettype_id", where)
    if wanted is None and not new:
        kind = call.store.get("types", row["tickettype_id"])
    else:
        kind = call.store.get("types", wanted or INCIDENT)
        if kind is None:
            raise BrokenRule("The Ticket Type selected does not exist")
        if new and not kind["cancreate"]:
            raise BrokenRule("You do not have access to log this Ticket Type")
        row.update(
            {"tickettype_id": kind["id"], "sla_id": kind["default_sla"], "priority_id": kind["default_priority"]}
        )
        if new and not text(sent, "team", where):
            row["team"] = kind["default_team"]
        if new:
            _mandatory(kind, row, sent)
    assert kind is not None
    number = integer(sent, "priority_id", where)
    if number is not None:
        under = [each["priorityid"] for each in call.store.rows("priorities") if each["slaid"] == row["sla_id"]]
        if number not in under:
            raise BrokenRule("The Priority selected is not valid for the SLA")
        row["priority_id"] = number


def _mandatory(kind: Record, row: Record, sent: Record) -> None:
    filled = {field["name"] for field in row["customfields"] if field["value"]}
    missing = [field["label"] for field in kind["_detail"]["fields"] if field["name"] not in filled]
    if missing and not sent.get("_novalidate"):
        raise BrokenRule(f"Please complete all mandatory fields: {', '.join(missing)}")


def _place(call: Call, row: Record, sent: Record, where: str, new: bool) -> None:
    user_id, site_id = integer(sent, "user_id", where), integer(sent, "site_id", where)
    client_id = integer(sent, "client_id", where)
    lookup = sent.get("userlookup")
    if isinstance(lookup, dict) and lookup.get("id") == -1:
        user_id = None
    if user_id is not None:
        user = call.store.get("users", user_id)
        if user is None:
            raise BrokenRule("The User selected does not exist")
        if site_id is None:
            raise BrokenRule("Please select a Site")
        row["user_id"] = user_id
    if site_id is not None:
        site = call.store.get("sites", site_id)
        if site is None:
            raise BrokenRule("The Site selected does not exist")
        row["site_id"], row["client_id"] = site_id, site["client_id"]
    elif client_id is not None or new:
        client = call.store.get("clients", client_id or UNKNOWN)
        if client is None:
            raise BrokenRule("The Client selected does not exist")
        row["client_id"], row["site_id"] = client["id"], client["main_site_id"]
    if row["user_id"] is None:
        row["user_id"] = general_user(call.store, row["client_id"])


def general_user(store: Store, client_id: int) -> int:
    """The client's General User, which is nobody in particular."""
    rows = [row for row in store.rows("users") if row["client_id"] == client_id and row["use"] == "general"]
    return int(rows[0]["id"]) if rows else 0


def _status(call: Call, row: Record, sent: Record, where: str) -> None:
    wanted = integer(sent, "status_id", where)
    if wanted is not None and wanted != row["status_id"]:
        set_status(call, row, wanted, sent)
    flag(sent, "_novalidate", where)


def _first_action(row: Record) -> Record:
    return {
        "id": 1,
        "ticket_id": row["id"],
        "outcome": "Logged",
        "outcome_id": 0,
        "who": "",
        "who_type": 0,
        "who_agentid": 0,
        "datetime": now(),
        "note": row["details"],
        "note_html": from_text(row["details"]),
        "hiddenfromuser": False,
        "important": False,
        "actionby_application_id": "",
        "guid": "",
    }
