"""The signature that Twilio puts on its webhooks, computed from its published description."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence


def sign(url: str, fields: Mapping[str, str | Sequence[str]], secret: str, algorithm: str = "sha1") -> str:
    """Base64 of the keyed hash over `url` and the form `fields`.

    Names are sorted by byte order; each name is followed by its value, nothing stands between, blank values stay.
    A repeated name contributes its distinct values in sorted order. The part of `url` after `#` holds connection
    overrides and is not signed. `algorithm` is `sha1` (the AuthToken) or `sha256` (a SharedKey, public beta).
    """
    text = url.partition("#")[0]
    for name in sorted(fields, key=lambda each: each.encode()):
        value = fields[name]
        for part in [value] if isinstance(value, str) else sorted(set(value)):
            text += name + part
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), getattr(hashlib, algorithm)).digest()).decode()
