"""Filters and pages of the lists of messages and calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from emulators.twilio.calls import STATUSES, Call
from emulators.twilio.errors import RefusedError
from emulators.twilio.messages import Message
from emulators.twilio.store import moment

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000


class Resource(Protocol):
    """What can be listed."""

    sid: str

    def to_json(self) -> dict[str, Any]:
        """The resource in Twilio's JSON shape."""


R = TypeVar("R", bound=Resource)


@dataclass(frozen=True)
class Listing(Generic[R]):
    """A kind of list: its `name` in the answer, its filters by equality, and its filters by time, named `time`."""

    name: str
    equal: Mapping[str, Callable[[R], str]]
    time: str
    when: Callable[[R], datetime]

    @property
    def times(self) -> tuple[str, str, str]:
        """On a day, until, from."""
        return self.time, f"{self.time}<", f"{self.time}>"


# Whether Twilio finds what still waits in the queue by DateSent or StartTime is not documented: we say yes [inferred].
MESSAGES = Listing[Message](
    "messages",
    {"To": lambda message: message.to, "From": lambda message: message.sender},
    "DateSent",
    lambda message: message.sent or message.created,
)
CALLS = Listing[Call](
    "calls",
    {"To": lambda call: call.to, "From": lambda call: call.sender, "Status": lambda call: call.status},
    "StartTime",
    lambda call: call.started or call.created,
)


def _bounds(name: str, text: str) -> tuple[datetime | None, datetime | None]:
    """The first and last moment that the filter lets through.

    A plain date means that whole day; so does a time in the plain filter, for the package turns dates into midnight
    [inferred].
    """
    try:
        if not name.endswith(("<", ">")):
            text = moment(text).date().isoformat()
        if len(text) == len("2026-01-02"):
            first = moment(date.fromisoformat(text).isoformat())
            last = first + timedelta(days=1) - timedelta(seconds=1)
        else:
            first = last = moment(text).replace(microsecond=0)
    except ValueError:
        raise RefusedError(20001, f"{name} is an ISO 8601 date or time") from None
    return (None if name.endswith("<") else first, None if name.endswith(">") else last)


def _filter(listing: Listing[R], items: Sequence[R], filters: dict[str, str]) -> list[R]:
    bounds = [_bounds(name, filters[name]) for name in listing.times if name in filters]

    def fits(item: R) -> bool:
        when = listing.when(item).replace(microsecond=0)
        return (
            all(filters.get(name, value(item)) == value(item) for name, value in listing.equal.items())
            and all(first is None or when >= first for first, _ in bounds)
            and all(last is None or when <= last for _, last in bounds)
        )

    return [item for item in items if fits(item)]


def _number(args: MultiDict[str, str], name: str, default: int) -> int:
    text = args.get(name, str(default))
    if not text.isdecimal():
        raise RefusedError(20001, f"{name} is a number")
    return int(text)


def page_of(listing: Listing[R], items: Sequence[R], args: MultiDict[str, str], path: str) -> dict[str, Any]:
    """One page of `items` (newest first), with links relative to the host; `next_page_uri` is null on the last.

    A PageToken names the last item of the page before, so that items that arrive meanwhile move nothing. Raises
    RefusedError for a filter that makes no sense.
    """
    filters = {name: args[name] for name in (*listing.equal, *listing.times) if args.get(name)}
    if "Status" in filters and filters["Status"] not in STATUSES:
        raise RefusedError(20001, f"Status is one of {', '.join(sorted(STATUSES))}")
    size = min(max(_number(args, "PageSize", DEFAULT_PAGE_SIZE), 1), LARGEST_PAGE_SIZE)
    page = _number(args, "Page", 0)
    found = _filter(listing, items, filters)
    start = page * size
    after = args.get("PageToken", "").removeprefix("PA")
    if after:
        start = next((at + 1 for at, item in enumerate(found) if item.sid == after), start)
    shown = found[start : start + size]

    def uri(number: int, token: str = "") -> str:
        query = {**filters, "PageSize": size, "Page": number} | ({"PageToken": token} if token else {})
        return f"{path}?{urlencode(query)}"

    more = start + size < len(found)
    return {
        listing.name: [item.to_json() for item in shown],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(shown) - 1, 0),
        "uri": uri(page, args.get("PageToken", "")),
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1, f"PA{shown[-1].sid}") if more else None,
        "previous_page_uri": uri(page - 1) if page else None,
    }
