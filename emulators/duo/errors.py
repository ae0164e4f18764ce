"""Duo's error codes, and the envelope in which they travel (push-and-login fact sheet 2.4).

The HTTP status is the first three digits of the code. The texts are [inferred], but for 40002's: callers decide on the
code.
"""

from __future__ import annotations

from typing import Any

MESSAGES: dict[int, str] = {
    40001: "Missing required request parameters",
    40002: "Invalid request parameters",
    40101: "Missing request credentials",
    40102: "Invalid integration key in request credentials",
    40103: "Invalid signature in request credentials",
    40104: "Missing request date",
    40105: "Bad request timestamp",
    40106: "Invalid content type",
    40301: "Access forbidden",
    40401: "Resource not found",
    42901: "Too many requests",
}


class RefusedError(Exception):
    """A call that Duo refuses; `detail` mostly names the parameter at fault."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code} {MESSAGES[code]} ({detail})" if detail else f"{code} {MESSAGES[code]}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.code // 100

    @property
    def body(self) -> dict[str, Any]:
        """`stat`, `code`, `message` and, where there is one, `message_detail`."""
        body: dict[str, Any] = {"stat": "FAIL", "code": self.code, "message": MESSAGES[self.code]}
        return {**body, "message_detail": self.detail} if self.detail else body


def envelope(response: Any, metadata: dict[str, int] | None = None) -> dict[str, Any]:
    """The JSON of a good answer; `metadata` is there for lists only."""
    body: dict[str, Any] = {"stat": "OK", "response": response}
    return body if metadata is None else {**body, "metadata": metadata}
