"""Actions, the entries of a ticket's one timeline: notes and mails, numbered per ticket."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from emulators.halo import tickets
from emulators.halo.call import Call, flag, integer, text
from emulators.halo.errors import ApiError, BrokenRule, bad_query, not_found
from emulators.halo.lists import Query, plain_time
from emulators.halo.note_html import clean, from_text
from emulators.halo.store import Record, now


def listed(call: Call) -> list[Record]:
    """A ticket's actions, or everybody's of one day at most, newest first. Nothing without either."""
    query = call.query
    if "ticket_id" in query:
        rows = list(tickets.find(call, query.number("ticket_id", 0))["_actions"])
    else:
        rows = _of_a_day(call)
    found = [shown(row, query.flag("includehtmlnote")) for row in rows if _wanted(row, query)]
    return sorted(found, key=lambda row: (row["datetime"], row["ticket_id"], row["id"]), reverse=True)


def one(call: Call, key: int) -> Record:
    """One action of a ticket; ids count per ticket, so `ticket_id` is needed. Raises 400 and 404."""
    if "ticket_id" not in call.query:
        raise bad_query("ticket_id", "")
    row = _find(tickets.find(call, call.query.number("ticket_id", 0)), key)
    return shown(row, True)


def shown(row: Record, with_html: bool) -> Record:
    """An action as it is answered."""
    return {name: value for name, value in row.items() if with_html or name != "note_html"}


def write(call: Call, sent: Record, where: str) -> Record:
    """Add an action, or with `id` change one. Raises ApiError and BrokenRule."""
    ticket_id = integer(sent, "ticket_id", where)
    if not ticket_id:
        raise BrokenRule("A Ticket ID must be entered for this Action")
    try:
        ticket = dict(tickets.find(call, ticket_id))
    except ApiError:
        raise BrokenRule("The Ticket does not exist") from None
    outcome = _outcome(call, sent, where)
    if ticket["hasbeenclosed"] and not call.faults.on("closed_editable"):
        raise BrokenRule("You do not have permission to edit closed Tickets")
    key = integer(sent, "id", where)
    old = _find(ticket, key) if key else None
    row = _filled(call, sent, where, outcome, old)
    row["ticket_id"] = ticket_id
    row["id"] = key or 1 + max((action["id"] for action in ticket["_actions"]), default=0)
    ticket["_actions"] = sorted(
        [*(action for action in ticket["_actions"] if action["id"] != row["id"]), row], key=lambda action: action["id"]
    )
    ticket["lastactiondate"] = ticket["last_update"] = now()
    moved = integer(sent, "new_status", where)
    moved = (moved if call.faults.on("actions_move_status") else None) or (outcome or {}).get("newstatus")
    if moved and not key:
        tickets.set_status(call, ticket, moved, sent)
    call.store.put("tickets", ticket)
    if not key:
        _mail(call, ticket, sent, row, _says(sent, "sendemail", outcome, "sendemail", where))
    return shown(row, True)


def _says(sent: Record, name: str, outcome: Record | None, default: str, where: str) -> bool:
    """A yes or no that the outcome decides when the request does not."""
    return flag(sent, name, where, bool((outcome or {}).get(default)))


def _filled(call: Call, sent: Record, where: str, outcome: Record | None, old: Record | None) -> Record:
    html = text(sent, "note_html", where)
    if html:
        html, plain = clean(html)
    else:
        plain = text(sent, "note", where)
        html = clean(plain)[0] if "<" in plain else from_text(plain)
    if old is not None:
        return {**old, "note": plain or old["note"], "note_html": html if plain else old["note_html"]}
    if outcome is not None and outcome["mustaddnote"] and not plain:
        raise BrokenRule("A Note must be entered for this Action")
    return {
        "outcome": outcome["outcome"] if outcome else text(sent, "outcome", where),
        "outcome_id": outcome["id"] if outcome else 0,
        "who": call.agent["name"],
        "who_type": 1,
        "who_agentid": call.agent["id"],
        "datetime": now(),
        "note": plain,
        "note_html": html,
        "hiddenfromuser": _says(sent, "hiddenfromuser", outcome, "hidefromuser", where)
        and not call.faults.on("notes_are_shown"),
        "important": flag(sent, "important", where),
        "actionby_application_id": call.caller.application,
        "guid": str(uuid.uuid4()),
    }


def _outcome(call: Call, sent: Record, where: str) -> Record | None:
    """The outcome of a write, None for a free text. Raises BrokenRule."""
    key, name = integer(sent, "outcome_id", where), text(sent, "outcome", where)
    if not key and not name:
        raise BrokenRule("An Outcome must be entered for this Action")
    if key:
        found = call.store.get("outcomes", key)
    else:
        found = next((row for row in call.store.rows("outcomes") if row["outcome"].casefold() == name.casefold()), None)
        if found is None and call.faults.on("free_outcomes"):
            return None
    if found is None:
        raise BrokenRule("The Outcome does not exist")
    allowed = not found["_agents"] or call.agent["id"] in found["_agents"]
    if not allowed or not call.faults.on("agent_may_act"):
        raise BrokenRule("You do not have access to this Action")
    return found


def _mail(call: Call, ticket: Record, sent: Record, row: Record, wanted: bool) -> None:
    user = call.store.get("users", ticket["user_id"])
    to = sent.get("emailto") or (user["emailaddress"] if user else "")
    if wanted and to:
        subject = str(sent.get("emailsubject") or ticket["summary"])
        mail = {"to": to, "subject": subject, "text": row["note"], "ticket_id": ticket["id"], "action_id": row["id"]}
        call.store.send_mail(mail)


def _find(ticket: Record, key: int) -> Record:
    for row in ticket["_actions"]:
        if row["id"] == key:
            return dict(row)
    raise not_found()


def _of_a_day(call: Call) -> list[Record]:
    query = call.query
    if "startdate" not in query or "enddate" not in query:
        return []
    start, end = plain_time(query.text("startdate")), plain_time(query.text("enddate"))
    try:
        if datetime.fromisoformat(end) - datetime.fromisoformat(start) > timedelta(days=1):
            raise BrokenRule("The date range for Actions can be at most one day")
    except ValueError:
        raise bad_query("startdate", start) from None
    seen = call.visible("tickets", call.store.rows("tickets"), lambda row: int(row["client_id"]))
    return [action for ticket in seen for action in ticket["_actions"] if start <= action["datetime"] <= end]


def _wanted(row: Record, query: Query) -> bool:
    return not (
        (query.flag("excludeprivate") and row["hiddenfromuser"])
        or (query.flag("agentonly") and row["who_type"] != 1)
        or (query.flag("importantonly") and not row["important"])
        or ("actoutcomenum" in query and row["outcome_id"] != query.number("actoutcomenum", 0))
    )
