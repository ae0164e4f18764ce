"""Changing a number, which in BMS is named by its old text and by an operation without a published name.

The operations are the numbers 0, 1 and 2. That 1 means update is [inferred] from the order of the counts in the answer;
a wrong guess could delete a number. So one operation is sent, its count is demanded, the contact is read again, and
after any other outcome no number is changed by this connector any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from connectors.base import Destination, PsaError, Rejected
from connectors.kaseya_bms import contacts, records
from connectors.kaseya_bms.api import BmsApi
from connectors.reading import JsonObject, digits

UPDATE: Final = 1
_PHONES: Final = "/v2/crm/contacts/{id}/phones"


class UnexpectedChange(Rejected):
    """BMS did something else than it was asked; a person must look at the contact."""


def change(
    api: BmsApi, contact_ref: str, destination_ref: str, number: str, mobile_labels: Collection[str]
) -> Destination:
    """Give one phone of a contact another text and read it back. Raises Rejected and :class:`UnexpectedChange`."""
    before = contacts.one(api, contact_ref)
    phones = records.items(before, "phones")
    entry = next((row for row in phones if f"{records.PHONE}{row.get('id')}" == destination_ref), None)
    if entry is None:
        raise Rejected("This entry of the contact is not a phone number, or is no longer there.")
    old = entry.get("phone")
    if sum(row.get("phone") == old for row in phones) != 1 or not isinstance(old, str):
        raise Rejected(
            "The contact has this number twice in Kaseya BMS, so that neither can be named. Change it there."
        )
    if any(row.get("phone") == number for row in phones if row is not entry):
        raise Rejected("The contact has this number already, as another entry.")
    operation = {
        "operation": UPDATE,
        "phoneNumber": old,
        "newPhoneNumber": number,
        "typeId": entry.get("phonetypeid"),
        "isDefault": entry.get("isdefault"),
    }
    failure: PsaError | None = None
    counts: Any = None
    try:
        counts = api.result("PATCH", _PHONES, {"id": before["id"]}, body=[operation])
    except PsaError as problem:
        if not problem.ambiguous:
            raise
        failure = problem
    after = records.items(contacts.one(api, contact_ref), "phones")
    changed = _changed(phones, after, entry, number, mobile_labels)
    if failure is not None and changed is None and _same(phones, after):
        raise failure
    if changed is None or (failure is None and not _one_updated(counts)):
        raise UnexpectedChange(
            f"Kaseya BMS did not change the number as asked: the contact had {len(phones)} numbers and has "
            f"{len(after)} now. Look at the contact there, and have an administrator switch off the changing of phone "
            "numbers. No other is changed from here until podserver is started again."
        )
    return changed


def _changed(
    before: list[JsonObject], after: list[JsonObject], entry: JsonObject, number: str, mobile_labels: Collection[str]
) -> Destination | None:
    """The entry as it is now, if it alone has changed."""
    others = [row.get("phone") for row in before if row is not entry]
    now = next((row for row in after if digits(str(row.get("phone") or "")) == digits(number)), None)
    if now is None or [row.get("phone") for row in after if row is not now] != others:
        return None
    return records.destination(now, mobile_labels)


def _same(before: list[JsonObject], after: list[JsonObject]) -> bool:
    return [row.get("phone") for row in before] == [row.get("phone") for row in after]


def _one_updated(counts: object) -> bool:
    if not isinstance(counts, Mapping):
        return False
    return [counts.get(name) for name in ("added", "updated", "deleted")] == [0, 1, 0]
