"""A call of the Auth or Admin API as it came in: its parameters, and what of it was signed."""

from __future__ import annotations

import json
from urllib.parse import quote, unquote_to_bytes, urlsplit

from flask import Request

from emulators.duo.errors import RefusedError
from emulators.duo.signature import Pair, SignedCall

FORM = "application/x-www-form-urlencoded"


def _pairs(text: bytes) -> list[Pair]:
    pieces = (piece.replace(b"+", b" ").partition(b"=") for piece in text.split(b"&") if piece)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pieces]


def _has_body(call: Request) -> bool:
    return call.method in ("POST", "PUT", "PATCH")


def bare_host(call: Request) -> str:
    """The Host header's name in lower case, without the port, which clients leave out of the signature."""
    return urlsplit(f"//{call.headers.get('Host', '')}").hostname or ""


def signed_call(call: Request) -> SignedCall:
    """What of `call` is under its signature. Raises RefusedError 40106 for a body that is neither JSON nor a form."""
    form: list[Pair] = []
    body = b""
    if _has_body(call):
        if call.mimetype == FORM:
            form = _pairs(call.get_data())
        elif call.is_json:
            body = call.get_data()
        else:
            raise RefusedError(40106)
    raw = call.environ.get("REQUEST_URI") or quote(call.path)
    return SignedCall(
        date=call.headers.get("Date", ""),
        method=call.method,
        host=bare_host(call),
        path=urlsplit(raw).path,
        query=_pairs(call.query_string),
        form=form,
        body=body,
        x_duo={name: value for name, value in call.headers if name.lower().startswith("x-duo-")},
    )


def parameters(call: Request) -> dict[str, str]:
    """The parameters as text, from the query, the form or the JSON object; of a repeated one, the last.

    JSON numbers and truth values are taken for their text, as clients send `"async": 1` as well as `"async": "1"`.
    Raises RefusedError 40002.
    """
    if not _has_body(call):
        pairs = _pairs(call.query_string)
    elif call.mimetype == FORM:
        pairs = _pairs(call.get_data())
    else:
        return _from_json(call.get_data())
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, value in pairs}


def _from_json(body: bytes) -> dict[str, str]:
    try:
        values = json.loads(body)
    except ValueError:
        raise RefusedError(40002, "the body is not JSON") from None
    if not isinstance(values, dict):
        raise RefusedError(40002, "the body is not an object")
    for name, value in values.items():
        if isinstance(value, list | dict):
            raise RefusedError(40002, name)
    return {
        name: str(int(value)) if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }
