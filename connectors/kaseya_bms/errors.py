"""BMS's refusals turned into the error family of :mod:`connectors.base`.

The published description declares HTTP 200 alone and no error codes: a failure may be a 200 with ``success`` false, or
any other status with the envelope, with ASP.NET's problem details, or with a page. What each status means is
[inferred] and decided here only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import MissingPermission, NotFound, PsaError, RateLimited, Rejected, Unavailable
from connectors.http import DEFAULT_WAIT, Answer, plain_words
from connectors.kaseya_bms.rights import API_ACCESS, gate

NO_ACCESS = (
    f"Kaseya BMS signs the user in but lets it call nothing. Tick {API_ACCESS} in the user's role, "
    "and make the user an API Employee."
)


def status_of(answer: Answer) -> int:
    """The HTTP status, or for a failure that came with a 200 the code in its envelope, 400 if there is none."""
    body = answer.data if isinstance(answer.data, Mapping) else {}
    if not answer.ok or body.get("success") is not False:
        return answer.status
    error = body.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, int) and 400 <= code <= 599 else 400


def refusal(answer: Answer, method: str, template: str, secrets: Iterable[str], *, reads: bool) -> PsaError:
    """The error that an answer means which is no success. ``secrets`` are hidden wherever BMS echoes them."""
    status = status_of(answer)
    words = own_words(answer, secrets)
    if 300 <= status < 400:
        return Unavailable("Kaseya BMS redirected us elsewhere, which is not followed. Check the server.")
    if status >= 500 or status == 408:
        return Unavailable(f"Kaseya BMS is in trouble (HTTP {status}). Try again in a moment.", ambiguous=not reads)
    if not answer.is_json and "html" in answer.headers.get("Content-Type", "").lower():
        return page_instead(ambiguous=False)
    if status == 429:
        return RateLimited(
            f"Kaseya BMS is limiting our requests. Try again in {DEFAULT_WAIT:.0f} seconds.", DEFAULT_WAIT
        )
    if status == 403:
        return _forbidden(method, template)
    if status == 404:
        return NotFound("Kaseya BMS has no such record, or hides it from the API user.")
    detail = f": {words}" if words else "."
    return Rejected(f"Kaseya BMS refused the request{detail}")


def page_instead(*, ambiguous: bool) -> Unavailable:
    """Something that is not the API answered."""
    return Unavailable(
        "Kaseya BMS answered with a page instead of data. Check the server: the API's name begins with api.",
        ambiguous=ambiguous,
    )


def own_words(answer: Answer, secrets: Iterable[str] = ()) -> str:
    """BMS's message and the single things it found wrong, each once; never its ``details`` or its stack trace."""
    body = answer.data if isinstance(answer.data, Mapping) else {}
    error, wrong = body.get("error"), body.get("errors")
    parts: list[Any] = []
    if isinstance(error, Mapping):
        more = error.get("suberrors")
        parts = [error.get("message"), *(more if isinstance(more, list) else [])]
    elif isinstance(wrong, Mapping):
        parts = [text for texts in wrong.values() if isinstance(texts, list) for text in texts]
    said: list[str] = []
    for part in parts:
        if isinstance(part, str) and part.strip() and part.strip() not in said:
            said.append(part.strip())
    return plain_words(" ".join(said), secrets)


def _forbidden(method: str, template: str) -> MissingPermission:
    need = gate(method, template)
    if need is None:
        return MissingPermission(f"The API user lacks a right in Kaseya BMS for {method} {template}.")
    return MissingPermission(
        f"The API user lacks the right {need.name} in Kaseya BMS. Grant it under {need.where}.", need.name
    )
