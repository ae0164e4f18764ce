"""Answers that are no success: error lists, the framework's JSON, and the web server's HTML pages.

The texts of the first part are those that clients match on or that integrators quote. The second part is our own
wording for rules whose refusal nobody quotes; a client must not match on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable


class ApiError(Exception):
    """An answer: `status`, `body` as text, `media` its type, and extra `headers`."""

    def __init__(
        self, status: int, body: str = "", media: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {body[:80]}")
        self.status, self.body, self.media, self.headers = status, body, media, headers or {}


def refused(*errors: str, status: int = 500) -> ApiError:
    """`{"errors": [...]}`, for nearly everything with HTTP 500."""
    return ApiError(status, json.dumps({"errors": list(errors)}))


def page(status: int, title: str) -> ApiError:
    """An HTML page of the web server in front of the API."""
    head = f'<!DOCTYPE html>\r\n<html xmlns="http://www.w3.org/1999/xhtml">\r\n<head><title>{status} - {title}</title>'
    return ApiError(status, f"{head}</head>\r\n<body><h1>Server Error</h1><h2>{status} - {title}</h2></body></html>",
                    "text/html")  # fmt: skip


def no_such_route() -> ApiError:
    """404 of the web server: also for an address that is too long."""
    return page(404, "File or directory not found.")


def wrong_verb(method: str) -> ApiError:
    """405 of the framework."""
    return ApiError(
        405, json.dumps({"Message": f"The requested resource does not support http method '{method.upper()}'."})
    )


def unauthorized() -> ApiError:
    """401 without a body: secret, lock, expired password and wrong zone look alike."""
    return ApiError(401)


def forbidden() -> ApiError:
    """403 for a valid user without access."""
    return ApiError(403)


# Quoted by clients and integrators.


def bad_code() -> ApiError:
    """The tracking identifier is unknown."""
    return refused("IntegrationCode is invalid")


def unknown_zone() -> ApiError:
    """Discovery does not know the user."""
    return refused("Zone information could not be determined")


def no_permission(entity: str, right: str) -> ApiError:
    """The security level lacks a right."""
    return refused(f"The logged in Resource does not have the adequate permissions to {right} this {entity}.")


def no_match() -> ApiError:
    """A write to a row that is not there."""
    return refused("No matching records found")


def unknown_field(field: str, entity: str) -> ApiError:
    """A filter or IncludeFields names a field that the entity lacks."""
    return refused(f"Unable to find {field} in the {entity} Entity.")


def not_a_number(value: object) -> ApiError:
    """A text where an integer is needed."""
    return refused(f"Conversion failed when converting the nvarchar value '{value}' to data type int.")


def no_filter() -> ApiError:
    """A query without a filter, or a pager without the query's body."""
    return refused("Value cannot be null.\r\nParameter name: filters")


def missing(field: str) -> str:
    """A required field is absent."""
    return f"Missing Required Field: {field}"


def bad_reference(field: str, entity: str) -> str:
    """A reference to a record that does not exist."""
    return f"Reference value on field: {field} of type: {entity} does not exist or is invalid."


def bad_child_value(field: str) -> str:
    """A child picklist's value does not belong to the parent's."""
    return f"Value does not exist for child picklist: {field}"


def too_many_threads() -> str:
    """More simultaneous requests to one endpoint than the thread threshold."""
    return "Itgenatr005: The thread threshold for this endpoint has been exceeded."


# Our own wording: nobody quotes what Autotask says here.


def unreadable_body() -> ApiError:
    """The body is not the JSON object that the call needs."""
    return refused("The request body could not be read.")


def unexpected_null(fields: Iterable[str]) -> ApiError:
    """A create with fields that are null."""
    return refused(*(f"Object reference not set to an instance of an object: {field}" for field in fields))


def too_long(field: str, length: int) -> str:
    """A text over its length."""
    return f"Text is too long for field: {field} (maximum {length})."


def bad_value(field: str) -> str:
    """A picklist lacks the value."""
    return f"Value does not exist for picklist: {field}"


def locked_field(field: str) -> str:
    """A field that may not be changed."""
    return f"Field is read-only: {field}"


def rule(sentence: str) -> ApiError:
    """A business rule."""
    return refused(sentence)
