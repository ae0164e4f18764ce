"""Users, the people at a client, with numbers kept as they were typed; clients and sites beside them."""

from __future__ import annotations

import time

from emulators.halo.call import Call, flag, integer, text, with_fields
from emulators.halo.errors import BrokenRule, not_found
from emulators.halo.lists import Filter, Query, advanced, contains, equals, holds
from emulators.halo.store import Record, Store

_NAMES = ("name", "emailaddress", "email2", "email3", "login", "networklogin")
_NUMBERS = ("phonenumber", "mobilenumber", "mobilenumber2", "homenumber", "sitephonenumber", "fax", "whatsapp_number")
_TEXTS = (
    *("name", "firstname", "surname", "title", "emailaddress", "login", "networklogin", "azureoid"),
    *(number for number in _NUMBERS if number != "sitephonenumber"),
)
_DETAIL_TEXTS = ("email2", "email3", "notes")


def _search(row: Record, query: Query) -> bool:
    places = (*_NAMES, *_NUMBERS) if query.flag("search_phonenumbers") else _NAMES
    return holds(row, query.text("search"), places)


FILTERS = (
    equals("client_id"),
    equals("site_id", "site_id_int"),
    Filter("search", _search),
    Filter("exclude_generaluser", lambda row, query: not query.flag("exclude_generaluser") or row["use"] != "general"),
    Filter(
        "exclude_defaultsiteusers", lambda row, q: not q.flag("exclude_defaultsiteusers") or row["use"] != "general"
    ),
    Filter("exclude_agents", lambda row, query: not query.flag("exclude_agents") or not row["linked_agent_id"]),
)
CLIENT_FILTERS = (
    contains("search", "name"),
    equals("toplevel_id"),
)
SITE_FILTERS = (contains("search", "name", "clientsite_name"), equals("client_id"))


def active(row: Record, query: Query) -> bool:
    """Whether a list shows the row: the active ones unless asked for others."""
    if row["inactive"]:
        return query.flag("includeinactive")
    return query.flag("includeactive", default=True)


def render(store: Store, row: Record) -> Record:
    """A user with all details; the site's id is a double, as the schema has it."""
    numbers = {1: "phonenumber", 2: "mobilenumber", 3: "homenumber"}
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    return {
        **shown,
        "client_name": store.name("clients", row["client_id"]),
        "site_id": float(row["site_id"]),
        "site_id_int": row["site_id"],
        "site_name": store.name("sites", row["site_id"]),
        "phonenumber_preferred": row.get(numbers.get(row["telpref"], ""), ""),
        "key": row["id"],
        **row["_detail"],
    }


def listed(call: Call) -> list[Record]:
    """The users that the agent may see, rendered, before filters."""
    call.store.settle_directory()
    rows = call.visible("users", call.store.rows("users"), lambda row: int(row["client_id"]))
    shown = [render(call.store, row) for row in rows if active(row, call.query)]
    wanted = call.query.text("advanced_search")
    return advanced(shown, wanted, call.faults.words("advanced_fields")) if wanted else shown


def list_row(call: Call, row: Record) -> Record:
    """A row of a list, which lacks what only the details have."""
    return {name: value for name, value in row.items() if name not in ("email2", "email3", "notes", "customfields")}


def one(call: Call, key: int) -> Record:
    """One user, inactive ones too. Raises 404."""
    call.store.settle_directory()
    shown = render(call.store, _find(call, key))
    return shown if call.query.flag("includedetails") else list_row(call, shown)


def write(call: Call, sent: Record, where: str) -> Record:
    """Create a user, or with an `id` change the members that are sent. Raises ApiError and BrokenRule."""
    call.store.settle_directory()
    key = integer(sent, "id", where)
    row = dict(_find(call, key)) if key else _blank(call.store, integer(sent, "site_id", where))
    before = dict(row)
    if key and call.faults.on("users_need_whole") and not {"name", "site_id"} <= set(sent):
        return render(call.store, row)
    row["_detail"] = dict(row["_detail"])
    for name in _TEXTS:
        if sent.get(name) is not None:
            row[name] = text(sent, name, where)
    for name in _DETAIL_TEXTS:
        if sent.get(name) is not None:
            row["_detail"][name] = text(sent, name, where)
    if sent.get("inactive") is not None:
        row["inactive"] = flag(sent, "inactive", where)
    site_id = integer(sent, "site_id", where)
    if site_id is not None:
        row["site_id"], row["client_id"] = site_id, _client_of(call.store, site_id)
    if sent.get("customfields") is not None:
        known = [field for field in call.store.rows("fields") if field["usage"] == "Users"]
        row["_detail"]["customfields"] = with_fields(row["_detail"]["customfields"], sent["customfields"], known, where)
    if not row["name"].strip():
        raise BrokenRule("Please enter a Name")
    _directory(call, row, before)
    stored = call.store.put("users", row)
    return render(call.store, stored)


def clients(call: Call) -> list[Record]:
    """The clients that the agent may see."""
    rows = call.visible("client", call.store.rows("clients"), lambda row: int(row["id"]))
    return [client(row) for row in rows if active(row, call.query)]


def client(row: Record) -> Record:
    """A client as a list has it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def one_client(call: Call, key: int) -> Record:
    """One client. Raises 404."""
    row = call.store.get("clients", key)
    if row is None or not call.visible("client", [row], lambda each: int(each["id"])):
        raise not_found()
    return {**client(row), **(row["_detail"] if call.query.flag("includedetails") else {})}


def sites(call: Call) -> list[Record]:
    """The sites that the agent may see."""
    rows = call.visible("site", call.store.rows("sites"), lambda row: int(row["client_id"]))
    return [site(call.store, row) for row in rows if active(row, call.query)]


def site(store: Store, row: Record) -> Record:
    """A site; its client's id is a double, as the schema has it."""
    name = store.name("clients", row["client_id"])
    return {
        **row,
        "client_id": float(row["client_id"]),
        "client_name": name,
        "clientsite_name": f"{name}/{row['name']}",
    }


def one_site(call: Call, key: int) -> Record:
    """One site. Raises 404."""
    row = call.store.get("sites", key)
    if row is None or not call.visible("site", [row], lambda each: int(each["client_id"])):
        raise not_found()
    return site(call.store, row)


def _find(call: Call, key: int) -> Record:
    row = call.store.get("users", key)
    if row is None or not call.visible("users", [row], lambda user: int(user["client_id"])):
        raise not_found()
    return row


def _client_of(store: Store, site_id: int) -> int:
    row = store.get("sites", site_id)
    if row is None:
        raise BrokenRule("The Site selected does not exist")
    return int(row["client_id"])


def _blank(store: Store, site_id: int | None) -> Record:
    if site_id is None:
        raise BrokenRule("Please select a Site")
    sample = next(row for row in store.rows("users") if row["use"] == "general")
    empty = {name: type(value)() for name, value in sample.items() if isinstance(value, str | bool | int)}
    detail = {"email2": "", "email3": "", "notes": "", "customfields": []}
    return {
        **empty,
        "id": None,
        "site_id": site_id,
        "client_id": _client_of(store, site_id),
        "use": "user",
        "_detail": detail,
    }


def _directory(call: Call, row: Record, before: Record) -> None:
    """A directory that owns the record puts its numbers back after a while."""
    changed = {name: before[name] for name in _NUMBERS if row[name] != before.get(name, "")}
    wait = call.faults.seconds("directory_sync_seconds")
    if wait and changed and row["azureoid"]:
        row["_directory"] = {"at": time.time() + wait, "members": changed}
