"""SuperOps' refusals turned into the error family of :mod:`connectors.base`.

A wrong token is HTTP 401 and a wrong subdomain HTTP 400; everything else is HTTP 200 with ``errors``, whose reason
stands in ``extensions.clientError`` and not in the message [official "Handling errors"]. Some accounts put
``extensions`` elsewhere, and some failures are one opaque sentence after which a write may be done [seen by public
clients].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from connectors.base import MissingPermission, NotFound, PsaError, RateLimited, Rejected, Unavailable
from connectors.http import Answer, plain_words
from connectors.superops.rights import need_of

LIMIT_WAIT: Final = 60.0
"""Seconds to wait after ``rate_limit_exceeded``, which does not say how long; the quota is counted by the minute."""

KEY_REFUSED: Final = (
    "SuperOps does not accept the API token. It may have been generated anew, which ends the former one, or the "
    "account is in the other region. Check it under Settings > My Profile > API token."
)
CHECK_SUBDOMAIN: Final = (
    "SuperOps does not know the subdomain. It is the first part of the address at which your technicians sign in."
)
_ACCOUNT: Final = {
    "subscription_trial_expired": "The trial of the SuperOps account has ended",
    "subscription_paused": "The subscription of the SuperOps account is paused",
    "subscription_cancelled": "The subscription of the SuperOps account is cancelled",
}
_VALUES: Final = {
    "mandatory_validation_failed": "SuperOps asks for more than was sent",
    "type_validation_failed": "SuperOps does not take a value of this kind",
    "value_length_exceeds_limit": "A value is too long for SuperOps",
    "value_pattern_validation_failed": "SuperOps does not take a value of this form",
    "referred_value_does_not_exist": "SuperOps does not know a value that was chosen",
    "dependent_validation_failed": "A value does not belong to another one in SuperOps",
    "unique_validation_failed": "SuperOps has a value already that must be there once",
}


class AccountRefused(PsaError):
    """The account, the token or the subdomain is not accepted; becomes BadCredentials at the session."""

    permanent = True


class UnknownToSchema(Rejected):
    """SuperOps' schema has not what was asked for, so nothing was run; another generation of it may have."""


class Opaque(Unavailable):
    """The opaque internal error: of a write nobody knows whether it was done."""


def refused_by_gateway(answer: Answer, writes: bool) -> PsaError:
    """The error that an answer outside 2xx means."""
    if answer.status == 401:
        return AccountRefused(KEY_REFUSED)
    if answer.status == 400:
        return AccountRefused(CHECK_SUBDOMAIN)
    if 300 <= answer.status < 400:
        return Unavailable("SuperOps answered with a redirection, which is not followed.")
    if answer.status >= 500 or answer.status == 408:
        return Unavailable(f"SuperOps is in trouble (HTTP {answer.status}). Try again in a moment.", ambiguous=writes)
    return Rejected(f"SuperOps refused the request (HTTP {answer.status}).")


def unusable(writes: bool) -> Unavailable:
    """A success that cannot be read: a page, or JSON without the answer in it."""
    return Unavailable("SuperOps gave an answer that cannot be read. Try again in a moment.", ambiguous=writes)


def problem_in(body: Mapping[str, Any], operation: str, writes: bool, secrets: Iterable[str]) -> PsaError | None:
    """The error that a body of HTTP 200 holds, or None."""
    reasons = list(_client_errors(body))
    if reasons:
        return _refusal(reasons[0], operation, writes)
    errors = body.get("errors")
    if not errors:
        return None
    found = [each for each in errors if isinstance(each, Mapping)] if isinstance(errors, list) else []
    invalid = [each for each in found if _classification(each) in ("ValidationError", "InvalidSyntax")]
    if invalid:
        words = plain_words(str(invalid[0].get("message") or ""), secrets)
        kind = UnknownToSchema if _is_unknown(words) else Rejected
        return kind(f"SuperOps' API does not take the request: {words}")
    return Opaque(
        "SuperOps met an internal error." + (" It may have done what was asked." if writes else " Try again."),
        ambiguous=writes,
    )


def _is_unknown(words: str) -> bool:
    return any(name in words for name in ("FieldUndefined", "UnknownType", "UnknownArgument"))


def _refusal(reason: Mapping[str, Any], operation: str, writes: bool) -> PsaError:
    code = str(reason.get("code") or "")
    fields = _attributes(reason)
    about = f": {fields}" if fields else ""
    if code == "forbidden":
        need = need_of(operation)
        if need is None:
            return MissingPermission(f"The token's technician may not do this in SuperOps ({operation}).")
        return MissingPermission(
            f"The token's technician lacks the right {need.name} in SuperOps. Grant it under {need.where}.", need.name
        )
    if code == "rate_limit_exceeded":
        return RateLimited(
            f"SuperOps is limiting our requests. Nothing was changed; try again in {LIMIT_WAIT:.0f} seconds.",
            LIMIT_WAIT,
        )
    if code in _ACCOUNT:
        return AccountRefused(f"{_ACCOUNT[code]}. Ask SuperOps.")
    if code == "entity_does_not_exist":
        return NotFound("SuperOps has no such record, or hides it from the token's technician.")
    if code in _VALUES:
        return Rejected(f"{_VALUES[code]}{about}.")
    if not code:
        return unusable(writes)
    return Rejected(f"SuperOps refused the request ({plain_words(code)}{about}).")


def _client_errors(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every entry of ``clientError``, wherever ``extensions`` stands."""
    errors = body.get("errors")
    holders = [*(errors if isinstance(errors, list) else []), body, body.get("data")]
    for holder in holders:
        extensions = holder.get("extensions") if isinstance(holder, Mapping) else None
        entries = extensions.get("clientError") if isinstance(extensions, Mapping) else None
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, Mapping):
                yield entry


def _attributes(reason: Mapping[str, Any]) -> str:
    param = reason.get("param")
    names = param.get("attributes") if isinstance(param, Mapping) else None
    return plain_words(", ".join(str(name) for name in names)) if isinstance(names, list) else ""


def _classification(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("classification") or "") if isinstance(extensions, Mapping) else ""
