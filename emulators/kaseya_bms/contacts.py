"""Contacts: the summaries with all phones, the search without, and the ways to write."""

from __future__ import annotations

import copy
import re
from typing import Any

from emulators.kaseya_bms.answers import Json, ok, problem, rule
from emulators.kaseya_bms.call import Call
from emulators.kaseya_bms.contact_items import change_items, new_items, shown_items
from emulators.kaseya_bms.incoming import Fields, Query, stamp
from emulators.kaseya_bms.store import Record, Store
from emulators.kaseya_bms.ticket_rows import default_of

_PLAIN = ("id", "createdBy", "createdOn", "modifiedBy", "modifiedOn", "accountId", "locationId", "firstName",
          "lastName", "jobTitle", "isActive", "effectiveDate")  # fmt: skip
_WRITABLE: dict[str, type] = {
    **dict.fromkeys(("accountId", "locationId"), int),
    **dict.fromkeys(("firstName", "middleName", "lastName", "jobTitle"), str),
    **dict.fromkeys(("poc", "isActive", "receiveInvoices", "billByContact"), bool),
}


def summary_row(store: Store, contact: Record) -> Record:
    """A contact with every phone and e-mail."""
    return {
        **{name: contact[name] for name in _PLAIN},
        "accountName": store.name("accounts", contact["accountId"]),
        "locationName": store.name("locations", contact["locationId"]),
        "isPoc": contact["isPoc"],
        "isBillable": contact["billByContact"],
        "emails": shown_items(store, contact, "emails"),
        "phones": shown_items(store, contact, "phones"),
        "canRecieveInvoices": contact["receiveInvoices"],
    }


def list_summaries(call: Call) -> Json:
    """`GET /contacts/summary`, where `Filter.Phone` finds a caller."""
    call.demand("contacts")
    query = call.query()
    rows = [row for row in call.store.rows("contacts") if _fits(call, query, row)]
    return ok([summary_row(call.store, row) for row in query.page(rows)], len(rows))


def one_summary(call: Call, key: str) -> Json:
    """`GET /contacts/summary/{id}`: the bare object, for once without an envelope."""
    call.demand("contacts")
    row = summary_row(call.store, call.record("contacts", key, "Contact"))
    return ok(row) if call.faults.on("summaries_wrapped") else row


def search(call: Call) -> Json:
    """`GET /contacts/search`: names and the default e-mail; no phone, no total."""
    call.demand("contacts")
    query = call.query()
    texts = {name: (query.text(name) or "").lower() for name in ("firstName", "lastName", "jobTitle")}
    mail, location = (query.text("emailAddress") or "").lower(), query.integer("locationId")
    ids, accounts = query.integers("ids"), query.integers("accountIds")
    flags = {name: query.flag(name) for name in ("isPoc", "hasClientPortalAccess", "isActive")}
    rows = [
        row
        for row in call.store.rows("contacts")
        if (not ids or row["id"] in ids)
        and (not accounts or row["accountId"] in accounts)
        and location in (None, row["locationId"])
        and all(text in (row[name] or "").lower() for name, text in texts.items())
        and (not mail or any(mail in item["emailAddress"].lower() for item in row["emails"]))
        and all(flag in (None, row[name]) for name, flag in flags.items())
    ]
    return ok([_search_row(call.store, row) for row in query.page(rows)])


def create(call: Call) -> Json:
    """`POST /contacts/summary`."""
    call.demand("contacts", "modify")
    fields = call.fields()
    values: Record = {name: fields.text(name) for name in ("firstName", "lastName")}
    for name in ("accountId", "locationId"):
        values[name] = fields.integer(name, needed=True, lowest=1)
    fields.done()
    _check(call.store, values)
    blank = {"middleName": None, "jobTitle": None, "isPoc": False, "isActive": True, "billByContact": False}
    more = {"receiveInvoices": False, "effectiveDate": None, "hasClientPortalAccess": False}
    items = {kind: new_items(call.store, kind, fields.raw(kind), call.by) for kind in ("phones", "emails")}
    made = call.store.insert("contacts", {**blank, **more, **values, **items}, call.by)
    row = {name: made[name] for name in ("id", "firstName", "lastName", "accountId", "locationId")}
    return ok(
        {
            **row,
            "accountName": call.store.name("accounts", made["accountId"]),
            "locationName": call.store.name("locations", made["locationId"]),
            "phoneNumber": default_of(made, "phones", "phone"),
            "emailAddress": default_of(made, "emails", "emailAddress"),
            "customFieldsData": [],
        }
    )


def put(call: Call, key: str) -> Json:
    """`PUT /contacts/{id}`: what is left out becomes empty or false, so the contact may end up inactive."""
    call.demand("contacts", "modify")
    contact = call.record("contacts", key, "Contact")
    fields = call.fields()
    values: Record = {name: _typed(fields, name, kind) for name, kind in _WRITABLE.items()}
    fields.done()
    for name, kind in _WRITABLE.items():
        if kind is bool:
            values[name] = bool(values[name])
    return _written(call, contact, values)


def patch(call: Call, key: str) -> Json:
    """`PATCH /contacts/{id}` with a JSON Patch."""
    call.demand("contacts", "modify")
    contact = call.record("contacts", key, "Contact")
    if not isinstance(call.body, list) or not call.body:
        raise problem({"$": ["The body must be a JSON Patch array."]})
    names = {name.lower(): name for name in _WRITABLE}
    values: Record = {}
    for step in call.body:
        path = str(step.get("path", "") if isinstance(step, dict) else "").removeprefix("/").lower()
        if path not in names or step.get("op") not in ("replace", "add"):
            raise rule(f"The operation on '{path}' is not supported.")
        fields = Fields({path: step.get("value")})
        values[names[path]] = _typed(fields, names[path], _WRITABLE[names[path]])
        fields.done()
    return _written(call, contact, values)


def delete(call: Call, key: str) -> None:
    """`DELETE /contacts/{id}`; answers with an empty body."""
    call.demand("contacts", "delete")
    call.store.delete("contacts", call.record("contacts", key, "Contact")["id"])


def patch_phones(call: Call, key: str) -> Json:
    """`PATCH /contacts/{id}/phones`: a number is named by its old text."""
    return _patch_items(call, key, "phones")


def patch_emails(call: Call, key: str) -> Json:
    """`PATCH /contacts/{id}/emails`."""
    return _patch_items(call, key, "emails")


def _patch_items(call: Call, key: str, kind: str) -> Json:
    call.demand("contacts", "modify")
    contact = copy.deepcopy(call.record("contacts", key, "Contact"))
    counts = change_items(call.store, call.faults, contact, kind, call.body, call.by)
    stored = call.store.replace("contacts", contact, call.by)
    return ok({**counts, kind: shown_items(call.store, stored, kind)})


def _fits(call: Call, query: Query, row: Record) -> bool:
    account = query.integer("accountId")
    name = (query.text("accountName") or "").lower()
    mail = (query.text("email") or "").lower()
    active, phone = query.flag("isActive"), query.text("phone")
    return (
        account in (None, row["accountId"])
        and active in (None, row["isActive"])
        and name in (call.store.name("accounts", row["accountId"]) or "").lower()
        and all((query.text(part) or "").lower() in (row[part] or "").lower() for part in ("firstName", "lastName"))
        and (not mail or any(mail in item["emailAddress"].lower() for item in row["emails"]))
        and (not phone or any(_same_phone(call, phone, item["phone"]) for item in row["phones"]))
        and _dated(query, row, "createdOn")
        and _dated(query, row, "modifiedOn")
    )


def _same_phone(call: Call, wanted: str, stored: str) -> bool:
    how = call.faults.text("phone_filter")
    if how == "exact":
        return wanted == stored
    if how == "contains":
        return wanted in stored
    return re.sub(r"\D", "", wanted) in re.sub(r"\D", "", stored)


def _dated(query: Query, row: Record, field: str) -> bool:
    since, until = query.moment(f"{field}From"), query.moment(f"{field}To")
    value = row[field] or ""
    return (since is None or value >= stamp(since)) and (until is None or (bool(value) and value <= stamp(until)))


def _search_row(store: Store, row: Record) -> Record:
    names = ("id", "accountId", "firstName", "lastName", "jobTitle", "isPoc", "isActive", "hasClientPortalAccess")
    return {
        **{name: row[name] for name in names},
        "accountName": store.name("accounts", row["accountId"]),
        "locationId": row["locationId"] or 0,
        "locationName": store.name("locations", row["locationId"]),
        "emailAddress": default_of(row, "emails", "emailAddress"),
    }


def _typed(fields: Fields, name: str, kind: type) -> Any:
    if kind is int:
        return fields.integer(name, lowest=1)
    return fields.flag(name) if kind is bool else fields.text(name)


def _check(store: Store, values: Record) -> None:
    location = store.get("locations", values["locationId"])
    if store.get("accounts", values["accountId"]) is None or location is None:
        raise rule("The account or the location is not valid.")
    if location["accountId"] != values["accountId"]:
        raise rule("The location does not belong to the account.")


def _written(call: Call, contact: Record, values: Record) -> Json:
    if "poc" in values:
        values["isPoc"] = values.pop("poc")
    merged = {**contact, **values}
    _check(call.store, merged)
    stored = call.store.replace("contacts", merged, call.by)
    return ok(
        {
            **{name: stored[name] for name in (*_PLAIN, "middleName", "billByContact")},
            "accountName": call.store.name("accounts", stored["accountId"]),
            "locationName": call.store.name("locations", stored["locationId"]),
            "poc": stored["isPoc"],
            "recieveInvoices": stored["receiveInvoices"],
            "phones": shown_items(call.store, stored, "phones"),
            "emails": shown_items(call.store, stored, "emails"),
            "createdByName": call.store.name("users", stored["createdBy"]),
            "modifiedByName": call.store.name("users", stored["modifiedBy"]),
        }
    )
