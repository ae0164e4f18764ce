"""Accounts, their locations and their contacts."""

from __future__ import annotations

from emulators.kaseya_bms.answers import Json, ok, unknown
from emulators.kaseya_bms.call import Call
from emulators.kaseya_bms.incoming import stamp
from emulators.kaseya_bms.seed import TENANT, TENANT_ID
from emulators.kaseya_bms.store import Record, Store
from emulators.kaseya_bms.ticket_rows import default_of, full_name

_STAMPS = ("id", "createdBy", "createdOn", "modifiedBy", "modifiedOn")
_NONE = (
    "parentId", "businessTypeId", "businessType", "serviceTypeId", "serviceType", "accountManagerId",
    "accountManagerUserName", "currencyId", "currencyName", "creditLimit", "netDays", "salesTaxItemId",
    "salesTaxItemName", "description", "classId", "className", "acquiredDate",
)  # fmt: skip


def _locations(store: Store, account: int) -> list[Record]:
    return [row for row in store.rows("locations") if row["accountId"] == account]


def _address(row: Record) -> Record:
    same = ("address1", "city", "state", "zipCode", "phone")
    none = ("address2", "countryId", "fax", "latitude", "longitude", "emailAddress", "addressTypeId", "addressType")
    return {
        **{name: row[name] for name in (*_STAMPS, *same)},
        **dict.fromkeys(none),
        "country": "United States",
        "isMain": True,
        "isBilling": row["isMain"],
    }


def _summary(store: Store, row: Record) -> Record:
    locations = [
        {
            **{name: place[name] for name in (*_STAMPS, "isMain", "isActive")},
            "locationName": place["name"],
            **dict.fromkeys(("timeZoneId", "dateFormatId", "timeFormatId")),
            "addresses": [_address(place)],
        }
        for place in _locations(store, row["id"])
    ]
    return {
        **{name: row[name] for name in (*_STAMPS, "accountCode", "website", "isActive")},
        **dict.fromkeys(_NONE),
        "accountName": row["name"],
        "accountTypeId": 1,
        "accountType": "Customer",
        "isBilling": True,
        "tenantName": TENANT,
        "locations": locations,
    }


def list_summaries(call: Call) -> Json:
    """`GET /accounts/summary`."""
    call.demand("accounts")
    query = call.query()
    name, code = (query.text("accountName") or "").lower(), (query.text("accountCode") or "").lower()
    active, since = query.flag("isActive"), query.moment("modifiedOnFrom")
    rows = [
        row
        for row in call.store.rows("accounts")
        if name in row["name"].lower()
        and code in row["accountCode"].lower()
        and active in (None, row["isActive"])
        and (since is None or (row["modifiedOn"] or "") >= stamp(since))
    ]
    return ok([_summary(call.store, row) for row in query.page(rows)], len(rows))


def one_summary(call: Call, key: str) -> Json:
    """`GET /accounts/summary/{id}`: the bare object, for once without an envelope."""
    call.demand("accounts")
    row = _summary(call.store, call.record("accounts", key, "Account"))
    return ok(row) if call.faults.on("summaries_wrapped") else row


def lookup(call: Call) -> Json:
    """`GET /accounts/lookup`: the active ones unless asked for all."""
    call.demand("accounts")
    query = call.query()
    ids, name, also_inactive = query.integers("ids"), query.text("name"), query.flag("withInactiveAccounts")
    rows = [
        row
        for row in call.store.rows("accounts")
        if (row["isActive"] or also_inactive)
        and (not ids or row["id"] in ids)
        and (name or "").lower() in row["name"].lower()
    ]
    return ok(
        [
            {"id": row["id"], "name": row["name"], "tenantName": TENANT, "isActive": row["isActive"]}
            for row in query.page(rows)
        ]
    )


def locations(call: Call, key: str) -> Json:
    """`GET /accounts/{id}/locations/lookup`."""
    call.demand("accounts")
    account = call.record("accounts", key, "Account")
    names = ("id", "name", "accountId", "isMain")
    return ok([{name: row[name] for name in names} for row in _locations(call.store, account["id"])])


def contacts(call: Call, key: str) -> Json:
    """`GET /accounts/{id}/contacts/lookup`: each with its default phone alone."""
    call.demand("contacts")
    account = call.record("accounts", key, "Account")
    query = call.query()
    name, location = (query.text("name") or "").lower(), query.integer("locationId")
    rows = [
        row
        for row in call.store.rows("contacts")
        if row["accountId"] == account["id"]
        and row["isActive"]
        and name in (full_name(row) or "").lower()
        and location in (None, row["locationId"])
    ]
    return ok(
        [
            {
                "id": row["id"],
                "name": full_name(row),
                "locationId": row["locationId"] or 0,
                "locationName": call.store.name("locations", row["locationId"]),
                "phone": default_of(row, "phones", "phone"),
                "emailAddress": default_of(row, "emails", "emailAddress"),
            }
            for row in query.page(rows)
        ]
    )


def contact_card(call: Call, key: str, contact_key: str) -> Json:
    """`GET /accounts/{id}/contacts/{contactId}/summaryinfo`."""
    call.demand("contacts")
    account, contact = call.record("accounts", key, "Account"), call.record("contacts", contact_key, "Contact")
    if contact["accountId"] != account["id"]:
        raise unknown(f"Contact {contact_key}")
    place = call.store.get("locations", contact["locationId"]) or {}
    return ok(
        {
            "id": contact["id"],
            "contactName": full_name(contact),
            "contactPhone": default_of(contact, "phones", "phone"),
            "contactEmailAddress": default_of(contact, "emails", "emailAddress"),
            "clientName": account["name"],
            "locationName": place.get("name"),
            "locationId": contact["locationId"] or 0,
            "accountType": "Customer",
            "website": account["website"],
            "phoneNumber": place.get("phone"),
            "faxNumber": None,
            **{name: place.get(name) for name in ("address1", "city", "state", "zipCode")},
            "address2": None,
            "country": "United States",
            "latitude": None,
            "longitude": None,
            "tenantId": TENANT_ID,
            "isActive": contact["isActive"],
            "accountId": account["id"],
        }
    )
