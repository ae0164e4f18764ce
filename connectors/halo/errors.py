"""HaloPSA's refusals turned into the error family of :mod:`connectors.base`.

Halo documents no error. Statuses and shapes are those that public clients have met: many bodies are empty or pages,
and JSON ones come in at least four shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from connectors.base import MissingPermission, NotFound, PsaError, Rejected, Unavailable
from connectors.halo.rights import gate
from connectors.http import Answer, plain_words

APPLICATION: Final = "Configuration > Integrations > HaloPSA API > View Applications"
_TAG: Final = re.compile(r"<[^>]{0,500}>")


def refusal(answer: Answer, method: str, template: str, secrets: Iterable[str]) -> PsaError:
    """The error that an answer outside 2xx means, but for 401. ``secrets`` are hidden wherever Halo echoes them."""
    status = answer.status
    if 300 <= status < 400:
        return Unavailable("HaloPSA redirected us elsewhere, which is not followed. Check the Resource Server.")
    if status >= 500 or status == 408:
        return Unavailable(f"HaloPSA is in trouble (HTTP {status}). Try again in a moment.", ambiguous=method != "GET")
    if status == 403:
        return missing_right(method, template)
    if status == 404:
        return NotFound("HaloPSA has no such record, or hides it from the agent that the application logs in as.")
    words = plain_words(own_words(answer.data), secrets)
    if "do not have access" in words.lower() or "do not have permission" in words.lower():
        return MissingPermission(
            f"HaloPSA refused the agent that the application logs in as: {words}. Look at the agent's permissions.",
            "the agent's permissions",
        )
    detail = f": {words}" if words else ""
    return Rejected(f"HaloPSA refused the request (HTTP {status}){detail}")


def missing_right(method: str, template: str) -> MissingPermission:
    """The application lacks the right that an endpoint asks for, by its name where that is known."""
    need = gate(method, template)
    if need is None:
        return MissingPermission(f"The HaloPSA application lacks a right for {method} {template}.")
    return MissingPermission(
        f"The HaloPSA application lacks the permission {need.name}. Grant it under {need.where}.", need.name
    )


def not_json(method: str) -> Unavailable:
    """A success that cannot be read, for example a log-in page."""
    return Unavailable(
        "HaloPSA answered with something else than data. Check the Resource Server.", ambiguous=method != "GET"
    )


def own_words(data: Any) -> str:
    """Halo's own words in an error body, whichever of its shapes it has; empty where it has none."""
    if isinstance(data, str):
        return _TAG.sub(" ", data)
    if not isinstance(data, Mapping):
        return ""
    for name in ("errorMessage", "Message", "message", "error_description", "error"):
        if isinstance(data.get(name), str) and data[name].strip():
            return str(data[name])
    # Model state: where the value stands, and what is wrong with it.
    said = [f"{key}: {' '.join(map(str, value))}" for key, value in data.items() if isinstance(value, list)]
    return "; ".join(said)
