"""Times as Microsoft writes them."""

from __future__ import annotations

import datetime as dt


def now() -> dt.datetime:
    """This moment, aware UTC."""
    return dt.datetime.now(dt.UTC)


def stamp(moment: dt.datetime) -> str:
    """`moment` as Graph writes it: UTC, whole seconds, `Z`."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> dt.datetime:
    """An ISO 8601 time or date as aware UTC. Raises ValueError."""
    # Graph takes seven digits behind the point, Python six.
    head, point, tail = text.replace("Z", "+00:00").partition(".")
    if point:
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        head, tail = f"{head}.{digits[:6].ljust(6, '0')}", tail[len(digits) :]
    parsed = dt.datetime.fromisoformat(head + tail)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)
