"""Custom tabs: their set-up, and the address that a tab's frame is given. Nothing in it is encoded."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote

from emulators.halo.call import Call, flag, integer, text
from emulators.halo.errors import BrokenRule, not_found
from emulators.halo.faults import Faults
from emulators.halo.store import Record, Store

# Which number means which screen is inferred, and so is that a list is narrowed by it: nothing public says either.
TICKET_TABLE, USER_TABLE = 0, 1

_TOKEN = re.compile(r"\$[A-Za-z][A-Za-z0-9_]*")


def shown(row: Record, faults: Faults) -> Record:
    """A tab as it is answered: the secret never, and an old build has no secure parameter."""
    hidden = ("send_secure_url_parameter",) if faults.on("old_build") else ()
    return {name: value for name, value in row.items() if not name.startswith("_") and name not in hidden}


def listed(call: Call) -> list[Record]:
    """The tabs, of one screen with `type`."""
    rows = call.store.rows("tabs")
    if "type" in call.query:
        rows = [row for row in rows if row["tableid"] == call.query.number("type", 0)]
    return [shown(row, call.faults) for row in sorted(rows, key=lambda row: (row["sequence"], row["id"]))]


def one(call: Call, key: str) -> Record:
    """One tab. Raises 404."""
    row = call.store.get("tabs", int(key)) if key.isdigit() else None
    if row is None:
        raise not_found()
    return shown(row, call.faults)


def write(call: Call, sent: Record, where: str) -> Record:
    """Create a tab, or with an `id` change the members that are sent; a secret goes in and never comes out."""
    key = integer(sent, "id", where)
    row: Record = {
        "id": None,
        "name": "",
        "tableid": 0,
        "sequence": 0,
        "url": "",
        "icon": "",
        "fields": [],
        "columns": 1,
    }
    row.update({"send_secure_url_parameter": False, "_secret": ""})
    if key:
        stored = call.store.get("tabs", key)
        if stored is None:
            raise not_found()
        row = dict(stored)
    for name in ("name", "url", "icon"):
        if sent.get(name) is not None:
            row[name] = text(sent, name, where)
    for name in ("tableid", "sequence"):
        if sent.get(name) is not None:
            row[name] = integer(sent, name, where)
    if not call.faults.on("old_build"):
        row["send_secure_url_parameter"] = flag(
            sent, "send_secure_url_parameter", where, row["send_secure_url_parameter"]
        )
        row["_secret"] = text(sent, "new_iframe_secret", where) or row["_secret"]
    if not row["name"].strip():
        raise BrokenRule("Please enter a Name")
    if row["send_secure_url_parameter"] and not row["_secret"]:
        raise BrokenRule("Please enter a Secret")
    return shown(call.store.put("tabs", row), call.faults)


def remove(call: Call, key: str) -> Record:
    """Take a tab away; the answer is what it was. Raises 404."""
    gone = call.store.remove("tabs", int(key)) if key.isdigit() else None
    if gone is None:
        raise not_found()
    return shown(gone, call.faults)


def signature(secret: str, agent_id: int) -> str:
    """What a secure tab proves: the agent's id, and nothing else, for ever."""
    digest = hmac.new(secret.encode(), str(agent_id).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def address(tab: Record, values: Mapping[str, str], agent_id: int, faults: Faults) -> str:
    """A tab's URL with its `$NAMES` replaced as text, whatever their letter case; an unknown one stays as it is."""
    known = {name.upper(): value for name, value in values.items()}
    known["LOGGEDINAGENTID"] = str(agent_id)
    if tab.get("send_secure_url_parameter") and not faults.on("old_build"):
        signed = signature(tab["_secret"], agent_id)
        known["HMAC"] = quote(signed, safe="") if faults.on("hmac_encoded") else signed
    elif faults.text("hmac_unset") == "empty":
        known["HMAC"] = ""
    return _TOKEN.sub(lambda found: known.get(found[0][1:].upper(), found[0]), str(tab["url"]))


def ticket_values(store: Store, ticket: Record) -> dict[str, str]:
    """What a ticket's tabs know. `$CLIENTID` is a name that one integrator found to stay empty."""
    user = store.get("users", ticket["user_id"]) or {}
    return {
        "FAULTID": str(ticket["id"]),
        "AREA": store.name("clients", ticket["client_id"]),
        "CLIENTID": "",
        "SITE": store.name("sites", ticket["site_id"]),
        "STATUS": store.name("statuses", ticket["status_id"]),
        "SYMPTOM": ticket["summary"],
        "USERNAME": user.get("name", ""),
    }


def user_values(store: Store, user: Record, faults: Faults) -> dict[str, str]:
    """What a user's tabs know. That `$USERID` is the user's id is inferred, so a switch takes it away."""
    values = {"AREA": store.name("clients", user["client_id"]), "USERNAME": user["name"], "CLIENTID": ""}
    return {**values, "USERID": str(user["id"])} if faults.on("userid_token") else values


def of_ticket(store: Store, ticket: Record) -> list[Record]:
    """The tabs on a ticket's screen: those that its type allows."""
    kind = store.get("types", ticket["tickettype_id"])
    assert kind is not None
    allowed = {entry.get("iframetab_id") for entry in kind["_detail"]["allowed_iframe_customtabs"]}
    everything = kind["_detail"]["allowall_iframe_customtabs"]
    return [row for row in _of(store, TICKET_TABLE) if everything or row["id"] in allowed]


def of_user(store: Store) -> list[Record]:
    """The tabs on a user's screen."""
    return _of(store, USER_TABLE)


def _of(store: Store, table: int) -> list[Record]:
    rows = [row for row in store.rows("tabs") if row["tableid"] == table]
    return sorted(rows, key=lambda row: (row["sequence"], row["id"]))
