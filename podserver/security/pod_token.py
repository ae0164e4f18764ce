"""The pod's session: a short-lived token in page memory, sent as a header. No cookie is needed in the frame.

A token is bound to tenant, integration, user and record (the ticket or contact it was opened on), and names the
contact that is being verified. It lives 10 minutes, is renewed while the page is used, and ends 8 hours after the
sign-in. It only says who asked; each request reads the user and the integration anew, so a user who is switched
off is out at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import jwt

from podserver.security import sealing

LIFE = timedelta(minutes=10)
LONGEST = timedelta(hours=8)
RENEW_AFTER = timedelta(minutes=4)
HEADER = "X-Pod-Token"
_AUDIENCE = "podserver pod"
_ALGORITHM = "HS256"


class BadToken(Exception):
    """The token is missing, forged, expired or meant for something else."""


@dataclass(frozen=True, slots=True)
class PodSession:
    """Who sits in front of a pod, and on which record. ``contact`` is empty until the PSA has told it, as is the
    client, ``company``, whose policy counts, and ``called``, what people call the ticket where that is not its id.

    ``chosen`` says that the technician picked this contact in place of the record's own. ``since`` is when the
    person signed in, as whole seconds. ``sign_in`` is the row of the portal's sign-in that the pod lives by, on the
    portal's own pages, else 0.
    """

    tenant: int
    integration: int
    user: int
    record: str
    contact: str
    chosen: bool
    since: int
    company: str = ""
    sign_in: int = 0
    called: str = ""


def issue(pod: PodSession, at: datetime) -> str:
    """A token for the next 10 minutes, or less where the 8 hours end earlier. Raises BadToken when they are over."""
    expires = min(at + LIFE, datetime.fromtimestamp(pod.since, at.tzinfo) + LONGEST)
    if expires <= at:
        raise BadToken("the working day's sign-in has ended")
    claims = {**asdict(pod), "aud": _AUDIENCE, "iat": int(at.timestamp()), "exp": int(expires.timestamp())}
    return jwt.encode(claims, _keys()[0], algorithm=_ALGORITHM)


def read(token: str, at: datetime) -> tuple[PodSession, datetime]:
    """The session and when its token was issued. Raises BadToken."""
    pod, issued, expires = _signed(token, tuple(_keys()))
    if not issued - 60 <= at.timestamp() < expires:
        raise BadToken("expired")
    return pod, datetime.fromtimestamp(issued, at.tzinfo)


# A page sends the same token for minutes, every two seconds. What its signature says does not change meanwhile; when
# it runs out is judged each time, and so is who may still use it.
@lru_cache(maxsize=4096)
def _signed(token: str, keys: tuple[bytes, ...]) -> tuple[PodSession, int, int]:
    """The session in a token that we signed, and when it was issued and ends. Raises BadToken."""
    for key in keys:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["exp", "iat", "aud"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            continue
        fields = {name: claims.get(name) for name in PodSession.__slots__}
        if None in fields.values():
            raise BadToken("incomplete")
        return PodSession(**fields), int(claims["iat"]), int(claims["exp"])  # type: ignore[arg-type]
    raise BadToken("not one of ours")


def _keys() -> list[bytes]:
    return sealing.keyring().derived("pod token")
