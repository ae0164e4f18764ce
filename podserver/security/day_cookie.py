"""The cookie that spares a second sign-in in the frame after a reload. Partitioned: each PSA's site has its own.

Nothing depends on it: where a browser does not take it, the password is asked for again. It proves nothing but that
this browser holds a sign-in that is still a live row, and the one thing it is good for is a fresh pod token, handed
to our own page.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

import jwt
from flask import Response

from podserver.security import sealing
from podserver.security.pod_token import LONGEST

_AUDIENCE: Final = "podserver day"
_ALGORITHM: Final = "HS256"


class BadDay(Exception):
    """The cookie is missing, forged, run out or meant for something else."""


@dataclass(frozen=True, slots=True)
class Day:
    """Who signed in, through which integration, and when, in whole seconds. ``token`` names the row of the sign-in.

    ``member`` is who the PSA's page said was sitting there, in lower case and unproven; empty where it said nothing.
    """

    tenant: int
    integration: int
    user: int
    since: int
    token: str
    member: str = ""


def read(value: str, at: datetime) -> Day:
    """The sign-in in a cookie that we signed. Raises BadDay."""
    for key in _keys():
        try:
            claims = jwt.decode(
                value,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["exp", "aud"], "verify_exp": False},
            )
        except jwt.InvalidTokenError:
            continue
        fields = {name: claims.get(name) for name in Day.__slots__}
        if None in fields.values():
            raise BadDay("incomplete")
        day = Day(**fields)  # type: ignore[arg-type]
        if not day.since - 60 <= at.timestamp() < day.since + LONGEST.total_seconds():
            raise BadDay("over")
        return day
    raise BadDay("not one of ours")


def keep(response: Response, pod_key: str, day: Day, at: datetime) -> None:
    """Let the browser keep a sign-in until its 8 hours are over."""
    ends = day.since + int(LONGEST.total_seconds())
    value = jwt.encode({**asdict(day), "aud": _AUDIENCE, "exp": ends}, _keys()[0], algorithm=_ALGORITHM)
    _set(response, pod_key, value, ends - int(at.timestamp()))


def drop(response: Response, pod_key: str) -> None:
    """Let the browser forget it."""
    _set(response, pod_key, "", 0)


def name(pod_key: str) -> str:
    """The cookie's name: of one integration, as two of them can lie in the same site of a PSA."""
    return f"__Host-pod-day-{pod_key}"


def _set(response: Response, pod_key: str, value: str, seconds: int) -> None:
    # Secure even on http://127.0.0.1, which browsers trust; elsewhere plain http merely goes without.
    response.set_cookie(
        name(pod_key), value, max_age=seconds, path="/", secure=True, httponly=True, samesite="None", partitioned=True
    )


def _keys() -> list[bytes]:
    return sealing.keyring().derived("pod day cookie")
