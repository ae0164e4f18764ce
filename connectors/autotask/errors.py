"""Autotask's refusals turned into the error family of :mod:`connectors.base`.

Nearly every refusal is HTTP 500 with ``{"errors": [text, ...]}``, so the body decides and not the status. The texts
that are recognised here are those that public clients match on; a text nobody knows is the tenant's own rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from connectors.autotask.rights import gate
from connectors.base import BadCredentials, MissingPermission, NotFound, PsaError, RateLimited, Rejected, Unavailable
from connectors.http import Answer, plain_words

THREAD_WAIT: Final = 2.0
"""Seconds to wait where too many calls are at one part of the API at once; nothing says how long [inferred]."""

_CHECK_KEYS: Final = "Check the API user under Admin > Resources/Users (HR) > Resources/Users."
_NO_PERMISSION: Final = "adequate permissions"
_GONE: Final = ("no matching records found", "could not be found")
_BAD_PARENT: Final = ("reference value on field", "does not reference an existing entity")
_BUSY: Final = ("thread threshold", "itgenatr005")


def refusal(answer: Answer, method: str, template: str, *, changes: bool, secrets: Iterable[str]) -> PsaError:
    """The error that an answer means which is no success, or which is a 200 with errors in it."""
    words = plain_words(_own_words(answer), secrets)
    lower, status = words.lower(), answer.status
    if status == 401:
        return bad_credentials()
    if "integrationcode is invalid" in lower:
        return BadCredentials(
            "Autotask does not know the tracking identifier. It stands on the API user's page, under API Tracking "
            "Identifier."
        )
    if status == 403 or _NO_PERMISSION in lower:
        return missing_permission(method, template)
    below_nothing = "{id}/" in template and any(text in lower for text in _BAD_PARENT)
    if below_nothing or any(text in lower for text in _GONE):
        return NotFound("Autotask has no such record, or hides it from the API user.")
    if any(text in lower for text in _BUSY):
        return RateLimited("Autotask has too many of our questions at once. Nothing was changed.", THREAD_WAIT)
    if words:
        return Rejected(f"Autotask refused the request: {words}")
    if status == 404 and "{id}" in template:
        return NotFound("Autotask has no such record, or hides it from the API user.")
    if status in (404, 405) or 300 <= status < 400:
        return Unavailable("Autotask does not know this call. Clear the zone in the settings and validate again.")
    return Unavailable(f"Autotask is in trouble (HTTP {status}). Try again in a moment.", ambiguous=changes)


def own_errors(answer: Answer) -> bool:
    """Whether an answer has a list of errors in it, whatever its status says."""
    return isinstance(answer.data, Mapping) and bool(answer.data.get("errors"))


def bad_credentials() -> BadCredentials:
    """Wrong secret, locked user and expired password all look alike, and one try more may lock the user."""
    return BadCredentials(
        "Autotask does not accept the API user's name and secret, or has locked the user after wrong ones. "
        f"{_CHECK_KEYS} The secret of a copied security level can expire."
    )


def unknown_user() -> BadCredentials:
    """Discovery knows no zone for the user name."""
    return BadCredentials(f"Autotask does not know the user name. {_CHECK_KEYS}")


def missing_permission(method: str, template: str) -> MissingPermission:
    """The security level lacks a right."""
    need = gate(method, template)
    if need is None:
        return MissingPermission(f"The API user's security level lacks a right in Autotask for {method} {template}.")
    words = f"The API user's security level lacks the right {need.name} in Autotask. Grant it under {need.where}."
    return MissingPermission(words, need.name)


def not_json(*, changes: bool) -> Unavailable:
    """A success that cannot be read."""
    return Unavailable("Autotask answered with a page instead of data.", ambiguous=changes)


def _own_words(answer: Answer) -> str:
    """The errors, each once; some clients saw objects with a message in place of texts."""
    body = answer.data if isinstance(answer.data, Mapping) else {}
    said: list[str] = []
    errors = body.get("errors")
    for each in errors if isinstance(errors, list) else []:
        text = each.get("message") if isinstance(each, Mapping) else each
        if isinstance(text, str) and text.strip() and text.strip() not in said:
            said.append(text.strip())
    return " ".join(said)
