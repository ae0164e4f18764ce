"""List requests: condition, order and page of `ListInfoInput`, and the `ListInfo` that comes back."""

from __future__ import annotations

from typing import Any

from emulators.superops.assumptions import DEFAULT_PAGE_SIZE
from emulators.superops.conditions import Attributes, Record, matcher, value_at
from emulators.superops.errors import ClientError, InternalFailure
from emulators.superops.faults import Faults
from emulators.superops.store import clock

LARGEST_PAGE = 100


def _named(*names: str, **objects: tuple[str, ...]) -> dict[str, str]:
    dotted = [f"{name}.{key}" for name, keys in objects.items() for key in keys]
    return dict.fromkeys((*names, *dotted), "text")


_DATES = (
    "createdTime",
    "updatedTime",
    "firstResponseDueTime",
    "firstResponseTime",
    "resolutionDueTime",
    "resolutionTime",
)
_PERSON = ("userId", "name", "email")
TICKETS: Attributes = {
    **_named(
        *("ticketId", "displayId", "subject", "requestType", "source", "status", "priority", "impact", "urgency"),
        *("category", "subcategory", "cause", "subcause", "resolutionCode"),
        client=("accountId", "name"),
        site=("id", "name"),
        requester=_PERSON,
        technician=_PERSON,
        techGroup=("groupId", "name"),
        sla=("id", "name"),
    ),
    **dict.fromkeys(_DATES, "date"),
    "firstResponseViolated": "flag",
    "resolutionViolated": "flag",
}
CLIENTS: Attributes = _named("accountId", "name", "stage", "status", "emailDomains")
SITES: Attributes = {
    **_named("id", "name", "city", "postalCode", "stateCode", "contactNumber", client=("accountId", "name")),
    "hq": "flag",
}
USERS: Attributes = _named(
    *("userId", "firstName", "lastName", "name", "email", "contactNumber"),
    client=("accountId", "name"),
    site=("id", "name"),
    role=("roleId", "name"),
)
ASSOCIATIONS: Attributes = _named("id", client=("accountId", "name"), site=("id", "name"), user=_PERSON)
TECHNICIANS: Attributes = _named(
    "userId", "firstName", "lastName", "name", "email", "contactNumber", role=("roleId", "name")
)


def page_of(
    request: dict[str, Any] | None, records: list[Record], attributes: Attributes, faults: Faults
) -> tuple[list[Record], dict[str, Any]]:
    """The rows of the asked page and their `ListInfo`. Unsorted rows come as they were put in, oldest first."""
    asked = request or {}
    number, size = asked.get("page") or 1, asked.get("pageSize") or DEFAULT_PAGE_SIZE
    if number < 1 or size < 1:
        raise ClientError("type_validation_failed", "page" if number < 1 else "pageSize")
    if size > LARGEST_PAGE:
        if faults.text("large_page") == "refuse":
            raise ClientError("value_length_exceeds_limit", "pageSize")
        size = LARGEST_PAGE
    usable = {name: kind for name, kind in attributes.items() if name not in faults.names("unfilterable")}
    test = matcher(asked.get("condition"), usable, clock())
    found = [record for record in records if test(record)]
    for entry in reversed(asked.get("sort") or []):
        name = entry.get("attribute")
        if name not in attributes:
            raise InternalFailure
        found.sort(key=lambda record: _order(value_at(record, name)), reverse=entry.get("order") == "DESC")
    more = number * size < len(found)
    info = {
        "page": number,
        "pageSize": size,
        "sort": asked.get("sort"),
        "condition": asked.get("condition"),
        "hasMore": True if more else None if faults.on("last_page_null") else False,
        "totalCount": len(found),
    }
    return found[(number - 1) * size : number * size], info


def _order(value: Any) -> tuple[bool, str]:
    return value is not None, str(value).casefold()
