"""Vendor insights: the row that makes Autotask frame the pod, and the signature of the address that the frame gets.

The fields of the row are from the schema, which of them do what is [inferred], and so is that only a vendor listed in
Autotask's Integration Center may make one.

That the address is signed is seen; what the signature covers is not published. So every guess has a name here, and an
admin chooses the one that fits a real address (:func:`fitting`). All of it is [inferred] and stands in this file only.
No address has a time in it, so one that was caught is good for ever: it never says who somebody is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from connectors.autotask.api import AutotaskApi
from connectors.autotask.lists import Lists
from connectors.base import MissingPermission, PodSetup, Rejected
from connectors.reading import JsonObject, text

TICKET_SCREEN: Final = "Ticket"
"""The insight category, in Autotask's words."""

_INSIGHTS: Final = "IntegrationVendorInsights"
_MARK: Final = "&signature="
_SIGNATURE_BYTES: Final = 20
_BY_HAND: Final = (
    "Tick the vendor's ticket insights in the Integration Center, and place the insight in each ticket category."
)


@dataclass(frozen=True, slots=True)
class Canonicaliser:
    """One guess at the signed text. ``covers_record`` says whether ticket and technician are in it."""

    words: str
    covers_record: bool
    text: Callable[[str, str, Sequence[tuple[str, str]]], str]


CANONICALISERS: Final[dict[str, Canonicaliser]] = {
    "url": Canonicaliser("the whole address before the signature", True, lambda url, query, pairs: f"{url}?{query}"),
    "query": Canonicaliser("everything between ? and the signature", True, lambda url, query, pairs: query),
    "sorted": Canonicaliser(
        "the parameters in alphabetical order", True,
        lambda url, query, pairs: "&".join(f"{name}={value}" for name, value in sorted(pairs)),
    ),
    "values": Canonicaliser(
        "the values one after the other", True, lambda url, query, pairs: "".join(value for _, value in pairs)
    ),
    "keys": Canonicaliser(
        "only the vendor's own two keys", False,
        lambda url, query, pairs: dict(pairs).get("vendorsuppliedid", "") + dict(pairs).get("insightkey", ""),
    ),
}  # fmt: skip


def is_signed(url: str, query: bytes, secret: str, canonicaliser: str) -> bool:
    """Whether the address (``url`` without its query, ``query`` as the bytes that came in) has the right signature."""
    return canonicaliser in fitting(url, query, secret)


def fitting(url: str, query: bytes, secret: str) -> list[str]:
    """The names of all canonicalisers that make this address's signature with this secret."""
    try:
        signed, mark, signature = query.decode("ascii").rpartition(_MARK)
    except UnicodeDecodeError:
        return []
    given = _decoded(signature)
    if not mark or not secret or len(given) != _SIGNATURE_BYTES:
        return []
    raw = [(name, value) for name, _, value in (part.partition("=") for part in signed.split("&"))]
    plain = [(name, unquote_to_bytes(value).decode("utf-8", "replace")) for name, value in raw]
    found = []
    for name, guess in CANONICALISERS.items():
        # Seen addresses are not percent-encoded; where one is, either form may have been signed.
        texts = {guess.text(url, signed, raw), guess.text(url, _joined(plain), plain)}
        if any(hmac.compare_digest(_made(secret, each), given) for each in texts):
            found.append(name)
    return found


class Insights:
    """The tenant's table of vendor insights. ``secret`` is what Autotask signs the frame's address with."""

    def __init__(self, api: AutotaskApi, lists: Lists, secret: str) -> None:
        self._api, self._lists, self._secret = api, lists, secret

    def install(self, setups: Sequence[PodSetup]) -> list[PodSetup]:
        """Find the pod's row by its address, or make it; a setup's new secret is put into either.

        Raises Rejected without any secret, and MissingPermission where Autotask does not let this tracking identifier
        make one.
        """
        rows = self._api.every(_INSIGHTS)
        return [self._installed(setup, rows) for setup in setups]

    def _installed(self, setup: PodSetup, rows: Sequence[JsonObject]) -> PodSetup:
        for row in rows:
            if text(row, "referenceUrl") == setup.url and row.get("isActive") is not False:
                height = row.get("height")
                shown = height if isinstance(height, int) else 0
                if setup.secret:
                    self._written("PATCH", {"id": row.get("id"), "secret": setup.secret})
                found = replace(setup, ref=str(row.get("id")), description=text(row, "title"), height=shown, secret="")
                return replace(found, done="changed" if setup.secret else "found", signed=bool(setup.secret))
        secret = setup.secret or self._secret
        if not secret:
            raise Rejected("Enter an insight secret first: Autotask signs the frame's address with it.")
        body: dict[str, Any] = {
            "title": setup.description,
            "description": "Proves who is on the phone.",
            "referenceUrl": setup.url,
            "secret": secret,
            "insightKey": _key(setup.url),
            "vendorSuppliedID": hashlib.sha256(setup.url.encode()).hexdigest()[:32],
            "insightCategory": _category(self._lists),
            "height": setup.height,
            "isActive": True,
        }
        key = self._written("POST", body)
        return replace(setup, ref=str(key), secret="", done="created", left=_BY_HAND, signed=bool(setup.secret))

    def _written(self, method: str, body: dict[str, Any]) -> int:
        try:
            return self._api.write(method, f"/{_INSIGHTS}", body)
        except MissingPermission:
            raise MissingPermission(
                "Autotask lets only vendors of its Integration Center add an insight, and this tracking identifier is "
                "not one of theirs. Use a LiveLink instead.",
                "Vendor insights",
            ) from None


def _category(lists: Lists) -> int:
    for each in lists.entries(_INSIGHTS, "insightCategory"):
        if each.label.casefold().startswith("ticket"):
            return int(each.value)
    raise Rejected("Autotask has no insight category for tickets here.")


def _key(url: str) -> str:
    """26 letters and digits, as the insight keys that were seen."""
    return base64.b32encode(hashlib.sha256(url.encode()).digest()).decode()[:26]


def _made(secret: str, signed: str) -> bytes:
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()


def _joined(pairs: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def _decoded(signature: str) -> bytes:
    """The bytes of a signature, whose + and / may or may not be percent-encoded."""
    try:
        return base64.b64decode(unquote_to_bytes(signature), validate=True)
    except (binascii.Error, ValueError):
        return b""
