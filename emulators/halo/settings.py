"""The lists of the set-up, which are bare arrays: agents, teams, types, statuses, priorities, outcomes, and others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emulators.halo.call import Call, flag, integer, text
from emulators.halo.errors import ApiError, model_state, not_found
from emulators.halo.seed_lists import UNASSIGNED
from emulators.halo.store import Record

APP_VERSION, OLD_VERSION = "2.214.1", "2.160.3"
Lister = Callable[[Call], list[Record]]


def plain(row: Record) -> Record:
    """A row without the emulator's own members."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _sorted(rows: Iterable[Record], by: str = "sequence") -> list[Record]:
    return [plain(row) for row in sorted(rows, key=lambda row: (row[by], str(row["id"])))]


def agents(call: Call) -> list[Record]:
    """Agents: people who are enabled, others where asked for."""
    query = call.query
    everybody = query.flag("showall")

    def wanted(row: Record) -> bool:
        return (
            (not row["isapiagent"] or everybody or query.flag("includeapiagents"))
            and (not row["isdisabled"] or everybody or query.flag("includedisabled"))
            and (row["isdisabled"] or query.flag("includeenabled", default=True))
            and (row["id"] != UNASSIGNED or everybody or query.flag("includeunassigned"))
            and query.text("search").casefold() in row["name"].casefold()
        )

    return _sorted((row for row in call.store.rows("agents") if wanted(row)), "name")


def agent(call: Call, key: str) -> Record:
    """One agent, also a disabled one; `me` is the one that the token acts as. Raises 404."""
    if key.lower() == "me":
        return plain(call.agent)
    return _one(call, "agents", key)


def teams(call: Call) -> list[Record]:
    """Teams."""
    return _sorted(call.store.rows("teams"))


def types(call: Call) -> list[Record]:
    """Ticket types; only those that can be created where asked for."""
    only = call.query.flag("can_create_only") or call.query.flag("canagentsselect")
    return _sorted(row for row in call.store.rows("types") if row["cancreate"] or not only)


def ticket_type(call: Call, key: str) -> Record:
    """One ticket type, with details which fields are mandatory and which tabs are allowed. Raises 404."""
    shown = _one(call, "types", key)
    if call.query.flag("includedetails"):
        stored = call.store.get("types", shown["id"])
        assert stored is not None
        shown.update(stored["_detail"])
        shown.pop("allowed_status")
    return shown


def statuses(call: Call) -> list[Record]:
    """Statuses, all or those of a ticket type or of a ticket's."""
    query = call.query
    kind_id = query.number("tickettype_id", 0)
    if "ticket_id" in query:
        kind_id = (call.store.get("tickets", query.number("ticket_id", 0)) or {}).get("tickettype_id", 0)
    kind = call.store.get("types", kind_id)
    rows = call.store.rows("statuses")
    if kind is not None and not kind["_detail"]["allowall_status"]:
        rows = [row for row in rows if row["id"] in kind["_detail"]["allowed_status"]]
    return _sorted(rows)


def priorities(call: Call) -> list[Record]:
    """Priorities of an SLA, or of all."""
    wanted = call.query.number("slaid", 0)
    rows = [row for row in call.store.rows("priorities") if not wanted or row["slaid"] == wanted]
    return sorted((plain(row) for row in rows), key=lambda row: (row["slaid"], row["priorityid"]))


def categories(call: Call) -> list[Record]:
    """Categories of one of the four kinds, or of all."""
    wanted = call.query.number("type_id", 0)
    return _sorted((row for row in call.store.rows("categories") if wanted in (0, row["type_id"])), "id")


def outcomes(call: Call) -> list[Record]:
    """Outcomes that are not hidden, or all. Those that the agent may not use are listed all the same."""
    hidden = call.query.flag("showhidden")
    return _sorted(row for row in call.store.rows("outcomes") if hidden or not row["hidden"])


def fields(call: Call) -> list[Record]:
    """The custom fields."""
    return _sorted(call.store.rows("fields"), "id")


def lookup(call: Call) -> list[Record]:
    """A list of named values; 11 is the list of the lists."""
    wanted = call.query.number("lookupid", 0)
    return _sorted((row for row in call.store.rows("lookup") if row["lookupid"] == wanted), "id")


def one_of(table: str) -> Callable[[Call, str], Record]:
    """A reader of one row of a table. It raises 404."""
    return lambda call, key: _one(call, table, key)


def instance(call: Call) -> Record:
    """What and where this installation is."""
    return {
        "app_name": "HaloPSA",
        "app_version": OLD_VERSION if call.faults.on("old_build") else APP_VERSION,
        "agent_url": f"{call.origin}/",
        "portal_url": f"{call.origin}/portal",
        "auth_url": f"{call.origin}/auth",
    }


def _one(call: Call, table: str, key: str) -> Record:
    row = call.store.get(table, int(key) if key.isdigit() else key)
    if row is None:
        raise not_found()
    return plain(row)


def write_type(call: Call, sent: Record, where: str) -> Record:
    """Change which custom tabs a ticket type shows; of its other members nothing of ours writes any. Raises 404."""
    stored = call.store.get("types", integer(sent, "id", where))
    if stored is None:
        raise not_found()
    detail = {**stored["_detail"]}
    name = "allowall_iframe_customtabs"
    detail[name] = flag(sent, name, where, detail[name])
    allowed = sent.get("allowed_iframe_customtabs")
    if allowed is not None:
        if not isinstance(allowed, list) or not all(isinstance(row, dict) for row in allowed):
            raise model_state(f"{where}.allowed_iframe_customtabs", "The JSON value could not be converted.")
        # That the list takes the place of the one before is inferred.
        detail["allowed_iframe_customtabs"] = [
            {
                "id": place,
                "tickettype_id": stored["id"],
                "iframetab_id": integer(row, "iframetab_id", where),
                "iframetab_name": text(row, "iframetab_name", where),
            }
            for place, row in enumerate(allowed, 1)
        ]
    return plain(call.store.put("types", {**stored, "_detail": detail}))


def refuse_write(call: Call, sent: Record, where: str) -> Record:
    """What no integration of ours writes."""
    raise ApiError(405, "")
