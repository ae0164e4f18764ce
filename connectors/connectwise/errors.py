"""ConnectWise's refusals turned into the error family of :mod:`connectors.base`.

Statuses and body shapes are from the official developer guide and from bodies seen by public clients. An error body is
``{code, message, errors: [{code, message, resource, field}]}``, but other shapes, HTML pages and line breaks occur.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import BadCredentials, MissingPermission, NotFound, PsaError, Rejected, Unavailable
from connectors.connectwise.rights import gate
from connectors.http import Answer, plain_words

_CHECK_KEYS = "Check the company and the API keys under System > Members > API Members."


def refusal(answer: Answer, method: str, template: str, secrets: Iterable[str]) -> PsaError:
    """The error that an answer outside 2xx means. ``secrets`` are hidden wherever ConnectWise echoes them."""
    body = answer.data if isinstance(answer.data, Mapping) else {}
    words = plain_words(_own_words(body), secrets)
    status = answer.status
    if 300 <= status < 400:
        return Unavailable("ConnectWise redirected us elsewhere, which is not followed. Check the site's address.")
    if status >= 500 or status == 408:
        return Unavailable(
            f"ConnectWise is in trouble (HTTP {status}). Try again in a moment.", ambiguous=method != "GET"
        )
    if status == 401 or "usernotauthenticated" in words.lower().replace(" ", ""):
        return bad_credentials(words)
    if status == 403:
        return _forbidden(answer, method, template, words)
    if status == 404:
        return NotFound("ConnectWise has no such record, or hides it from the API keys.")
    detail = f": {words}" if words else ""
    return Rejected(f"ConnectWise refused the request (HTTP {status}){detail}")


def bad_credentials(words: str = "") -> BadCredentials:
    """The keys or the company are not known. ``words`` are ConnectWise's own."""
    if "clientid" in words.lower().replace(" ", ""):
        # The words for wrong keys may name the client ID too, so neither is accused alone.
        return BadCredentials(
            f"ConnectWise does not accept the API keys or the client ID. {_CHECK_KEYS} "
            "The client ID stands on ConnectWise's developer site."
        )
    return BadCredentials(f"ConnectWise does not accept the API keys. {_CHECK_KEYS}")


def unknown_company(company: str, host: str) -> BadCredentials:
    """The site answers but does not know the login company."""
    return BadCredentials(f"The ConnectWise site {host} does not know the company {company}. {_CHECK_KEYS}")


def not_json(method: str) -> Unavailable:
    """A success that cannot be read, for example a log-in page."""
    return Unavailable(
        "ConnectWise answered with a page instead of data. Check the site's address.", ambiguous=method != "GET"
    )


def _forbidden(answer: Answer, method: str, template: str, words: str) -> PsaError:
    if not answer.is_json:
        return Unavailable("A web server in front of ConnectWise refused us (HTTP 403). Check its firewall rules.")
    if "clientid" in words.lower().replace(" ", ""):
        return bad_credentials(words)
    if "ssl is required" in words.lower():
        return Rejected("ConnectWise asks for https and the api- host. Check the site's address.")
    need = gate(method, template)
    if need is None:
        return MissingPermission(f"The API keys lack a right in ConnectWise for {method} {template}.")
    return MissingPermission(
        f"The API keys lack the right {need.name} in ConnectWise. Grant it under {need.where}.", need.name
    )


def _own_words(body: Mapping[str, Any]) -> str:
    """The message and the messages of the single errors, each once."""
    parts = [body.get("message")]
    errors = body.get("errors")
    if isinstance(errors, list):
        parts += [error.get("message") for error in errors if isinstance(error, Mapping)]
    said: list[str] = []
    for part in parts:
        if isinstance(part, str) and part.strip() and part.strip() not in said:
            said.append(part.strip())
    return " ".join(said) or str(body.get("code") or "")
