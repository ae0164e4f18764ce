"""Ways to verify: one file per method, found through :data:`METHODS`."""

from __future__ import annotations

from podserver.verification.methods.base import Method
from podserver.verification.methods.sms_code import SmsCode

METHODS: dict[str, Method] = {method.name: method for method in (SmsCode(),)}


def methods_for(kind: str) -> list[Method]:
    """The methods that can reach a destination of this kind (phone, email), in the order they are offered."""
    return [method for method in METHODS.values() if method.kind == kind]
