"""Failures of an operation, and the bodies that SuperOps tells them with: HTTP 200 in every case."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

# The opaque answer that integrators logged at exactly 102 bytes for updateTicket.
INTERNAL_MESSAGE = "Internal Server Error(s) while executing query"


class ClientError(Exception):
    """An operation that SuperOps refuses with a code (vendor's "Handling errors") and the fields at fault."""

    def __init__(self, code: str, *attributes: str) -> None:
        super().__init__(code)
        self.code = code
        self.attributes = attributes

    def entry(self) -> Body:
        """One entry of `clientError`."""
        return {"code": self.code, "param": {"attributes": list(self.attributes)}} if self.attributes else self.bare()

    def bare(self) -> Body:
        """The entry of an error that is about no field."""
        return {"code": self.code}


class InternalFailure(Exception):
    """An operation that ends in the opaque internal error; what it wrote may be written."""


def mandatory(*attributes: str) -> ClientError:
    """A required value is missing."""
    return ClientError("mandatory_validation_failed", *attributes)


def unknown_reference(attribute: str) -> ClientError:
    """A name or id that is in no list of the account."""
    return ClientError("referred_value_does_not_exist", attribute)


def refused(entries: list[Body], message: str | None, place: str, data: Body) -> Body:
    """The body for client errors; `place` is where they stand: `errors`, `top` or `data`."""
    if place == "top":
        return {"data": data, "extensions": {"clientError": entries}}
    if place == "data":
        return {"data": {**data, "extensions": {"clientError": entries}}}
    return {"errors": [{"message": message, "extensions": {"clientError": entries}}], "data": data}


def internal(data: Body) -> Body:
    """The body of the opaque internal error; `data` holds null for the operation."""
    return {"errors": [{"message": INTERNAL_MESSAGE}], "data": data}
