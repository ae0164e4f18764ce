"""Filters and pages of the message list."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from emulators.twilio.errors import RefusedError
from emulators.twilio.messages import Message
from emulators.twilio.store import moment

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000
FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


def _when(message: Message) -> datetime:
    # Whether Twilio finds a message that still waits in the queue by DateSent is not documented: we say yes [inferred].
    return (message.sent or message.created).replace(microsecond=0)


def _bounds(name: str, text: str) -> tuple[datetime | None, datetime | None]:
    """The first and last moment that the filter lets through.

    A plain date means that whole day; so does a time in `DateSent` itself, for the package turns dates into midnight
    [inferred].
    """
    try:
        if name == "DateSent":
            text = moment(text).date().isoformat()
        if len(text) == len("2026-01-02"):
            first = moment(date.fromisoformat(text).isoformat())
            last = first + timedelta(days=1) - timedelta(seconds=1)
        else:
            first = last = moment(text).replace(microsecond=0)
    except ValueError:
        raise RefusedError(20001, f"{name} is an ISO 8601 date or time") from None
    return (None if name.endswith("<") else first, None if name.endswith(">") else last)


def _filter(messages: list[Message], filters: dict[str, str]) -> list[Message]:
    bounds = [_bounds(name, filters[name]) for name in ("DateSent", "DateSent<", "DateSent>") if name in filters]
    return [
        message
        for message in messages
        if filters.get("To", message.to) == message.to
        and filters.get("From", message.sender) == message.sender
        and all(first is None or _when(message) >= first for first, _ in bounds)
        and all(last is None or _when(message) <= last for _, last in bounds)
    ]


def _number(args: MultiDict[str, str], name: str, default: int) -> int:
    text = args.get(name, str(default))
    if not text.isdecimal():
        raise RefusedError(20001, f"{name} is a number")
    return int(text)


def page_of(messages: list[Message], args: MultiDict[str, str], path: str) -> dict[str, Any]:
    """One page of `messages` (newest first), with links relative to the host; `next_page_uri` is null on the last.

    A PageToken names the last message of the page before, so that messages that arrive meanwhile move nothing.
    """
    filters = {name: args[name] for name in FILTERS if args.get(name)}
    size = min(max(_number(args, "PageSize", DEFAULT_PAGE_SIZE), 1), LARGEST_PAGE_SIZE)
    page = _number(args, "Page", 0)
    found = _filter(messages, filters)
    start = page * size
    after = args.get("PageToken", "").removeprefix("PA")
    if after:
        start = next((at + 1 for at, message in enumerate(found) if message.sid == after), start)
    shown = found[start : start + size]

    def uri(number: int, token: str = "") -> str:
        query = {**filters, "PageSize": size, "Page": number} | ({"PageToken": token} if token else {})
        return f"{path}?{urlencode(query)}"

    more = start + size < len(found)
    return {
        "messages": [message.to_json() for message in shown],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(shown) - 1, 0),
        "uri": uri(page, args.get("PageToken", "")),
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1, f"PA{shown[-1].sid}") if more else None,
        "previous_page_uri": uri(page - 1) if page else None,
    }
