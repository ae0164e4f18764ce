"""The filter of the ticket lists: every published name, in the address or in a search body.

How texts match is not published: here a text is found anywhere in the field, in any letter case, and a list of names
takes whole names.
"""

from __future__ import annotations

from collections.abc import Callable

from emulators.kaseya_bms.incoming import Query, stamp
from emulators.kaseya_bms.store import Record

_TEXTS = {
    "title": "title",
    "account": "accountName",
    "accountCode": "accountCode",
    "locationName": "locationName",
    "assigneeName": "assigneeName",
    "ticketNumber": "ticketNumber",
    "createdByName": "createdByName",
    "details": "details",
    "contactName": "contactName",
    "hardwareAssetName": "hardwareAssetName",
}
_NAME_LISTS = {
    "statusNames": "statusName",
    "queueNames": "queueName",
    "priorityNames": "priorityName",
    "ticketTypeNames": "typeName",
    "issueTypeNames": "issueTypeName",
    "subIssueTypeNames": "subIssueTypeName",
    "serviceLevelAgreementNames": "slaName",
}
_ID_LISTS = {
    "accountIds": "accountId",
    "sourceIds": "sourceId",
    "slaEventStatusIds": "slaStatusEventId",
    "ownerIds": "assigneeId",
}
_IDS = {"contactId": "contactId", "accountLocationId": "locationId", "hardwareAssetId": "hardwareAssetId"}
_FLAGS = {"isScheduled": "isScheduled", "isRecurringTickets": "recurring"}
_DATES = (
    "openDate",
    "completedDate",
    "createdOn",
    "lastActivityUpdate",
    "lastStatusUpdate",
    "lastPriorityUpdate",
    "lastQueueUpdate",
    "dueDate",
    "resolutionTargetTime",
)
Test = Callable[[Record], bool]


def matching(query: Query, rows: list[Record]) -> list[Record]:
    """The rows, as a list shows them, that pass every filter that is set."""
    tests = _tests(query)
    return [row for row in rows if all(test(row) for test in tests)]


def _tests(query: Query) -> list[Test]:
    tests: list[Test] = []
    for name, field in _TEXTS.items():
        if text := query.text(name):
            tests.append(_contains(field, text))
    for name, field in _NAME_LISTS.items():
        if text := query.text(name):
            tests.append(_among(field, {word.strip().lower() for word in text.split(",")}))
    for name, field in _ID_LISTS.items():
        if text := query.text(name):
            tests.append(_among(field, {word.strip() for word in text.split(",")}))
    for name, field in (*_IDS.items(), *_FLAGS.items()):
        if (number := query.integer(name)) is not None:
            tests.append(_among(field, {str(number)}))
    if query.integer("excludeCompleted"):
        tests.append(lambda row: row["completedDate"] is None)
    for field in _DATES:
        for end in ("From", "To"):
            if (when := query.moment(f"{field}{end}")) is not None:
                tests.append(_dated(field, stamp(when), after=end == "From"))
    return tests


def _contains(field: str, text: str) -> Test:
    wanted = text.lower()
    return lambda row: wanted in (row[field] or "").lower()


def _among(field: str, words: set[str]) -> Test:
    return lambda row: str(row[field] if row[field] is not None else "").lower() in words


def _dated(field: str, when: str, *, after: bool) -> Test:
    def test(row: Record) -> bool:
        value = row[field]
        return value is not None and (value >= when if after else value <= when)

    return test
