"""Proof that a browser really belongs to the ConnectWise member that it names.

The Hosted API hands a pod the signed-in member's name, a session hash and a context. They are the browser's words, and
prove nothing until ConnectWise itself, at the configured site and for the configured company, answers with the same
member [official read-me]. Asked as cookies (form A, used by a public pod) and as Basic (form B, developer guide),
first at the host that browsers use, then at the API host: which of them a site accepts is [inferred].
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Final

from connectors.base import BadCredentials, Unavailable
from connectors.connectwise.api import API_VERSION, WHO_AM_I, ManageApi
from connectors.connectwise.records import HUMAN_LICENCES
from connectors.reading import JsonObject, flag, text

_IDENTIFIER: Final = re.compile(r"[!-~]{1,100}")
_SECRET: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
_LONGEST_SECRET: Final = 2048
_UNSAFE: Final = frozenset(';,\\"')


def confirmed_member(api: ManageApi, identifier: str, proof: str, context: str) -> JsonObject:
    """The member info record of exactly this member.

    Raises BadCredentials where no form is accepted, where the answer names somebody else or nobody, and where the
    member is inactive or no person; Unavailable where ConnectWise could not be asked in full. Nothing is cached, and
    neither hash nor context is ever in a message.
    """
    _refuse_unsafe(identifier, proof, context)
    api.codebase()
    row, statuses, failure = _ask(api, identifier, proof, context)
    if row is None and 404 in statuses and api.rediscover():
        row, statuses, failure = _ask(api, identifier, proof, context)
    if row is None:
        raise failure or BadCredentials("ConnectWise did not confirm your sign-in. Reload the ticket and try again.")
    _refuse_other(row, identifier)
    return row


def _ask(
    api: ManageApi, identifier: str, proof: str, context: str
) -> tuple[JsonObject | None, set[int], Unavailable | None]:
    """The first answer that is a record, else the statuses seen and the reason why ConnectWise could not say."""
    statuses: set[int] = set()
    failure: Unavailable | None = None
    for origin in dict.fromkeys((api.address.ui_origin, api.address.api_origin)):
        for headers in _forms(api, identifier, proof, context):
            try:
                url = api.url(origin, WHO_AM_I)
                answer = api.session.send("GET", url, template=WHO_AM_I, headers=headers, own_keys=False)
            except Unavailable as problem:
                failure = problem
                break
            statuses.add(answer.status)
            if answer.ok and isinstance(answer.data, Mapping):
                return answer.data, statuses, None
            if answer.status >= 500:
                failure = Unavailable("ConnectWise could not check your sign-in just now. Try again in a moment.")
                break
    return None, statuses, failure


def _forms(api: ManageApi, identifier: str, proof: str, context: str) -> Iterator[dict[str, str]]:
    shared = {
        "clientId": api.client_id,
        "Accept": f"application/vnd.connectwise.com+json; version={API_VERSION}",
    }
    cookies = {"companyName": api.company, "memberId": identifier, "memberHash": proof, "memberContext": context}
    yield shared | {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    token = base64.b64encode(f"{api.company}+{identifier}:{proof}".encode()).decode()
    yield shared | {"Authorization": f"Basic {token}"}


def _refuse_unsafe(identifier: str, proof: str, context: str) -> None:
    """Nothing that could end a cookie or a header early is sent at all."""
    safe = (
        _IDENTIFIER.fullmatch(identifier)
        and ":" not in identifier
        and all(len(word) <= _LONGEST_SECRET and _SECRET.fullmatch(word) for word in (proof, context))
        and all(_UNSAFE.isdisjoint(word) for word in (identifier, proof, context))
    )
    if not safe:
        raise BadCredentials("The sign-in data from ConnectWise is not in its usual form and was not used.")


def _refuse_other(row: JsonObject, identifier: str) -> None:
    named = text(row, "identifier")
    # Only ASCII: some other letters become an ASCII letter in lower case, which would let one name pass for another.
    if not named.isascii() or named.lower() != identifier.lower():
        raise BadCredentials("ConnectWise did not confirm this member. Reload the ticket and try again.")
    if flag(row, "inactiveFlag"):
        raise BadCredentials("This ConnectWise member is inactive.")
    if text(row, "licenseClass") not in HUMAN_LICENCES:
        raise BadCredentials("This ConnectWise member is not a person who may sign in here.")
