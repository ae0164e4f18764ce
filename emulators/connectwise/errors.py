"""Error answers in the shapes that ConnectWise clients report (`code`, `message`, `errors`)."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is not a success.

    `status` is the HTTP status, `body` the JSON object to send, `headers` extra response headers.
    """

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body.get('code') or body.get('error')}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def field_error(code: str, message: str, resource: str, field: str) -> dict[str, Any]:
    """One entry of the `errors` array (`ValidationError` of the OpenAPI)."""
    return {"code": code, "message": message, "resource": resource, "field": field, "details": None}


def invalid_object(resource: str, errors: list[dict[str, Any]]) -> ApiError:
    """400 for a record that breaks a rule, with one entry per field."""
    return ApiError(400, {"code": "InvalidObject", "message": f"{resource} object is invalid", "errors": errors})


def missing_item(resource: str, field: str) -> dict[str, Any]:
    """The `errors` entry for an absent required field; the code is an assumption of the fact sheet."""
    return field_error("MissingRequiredItem", f"The {field} field is required.", resource, field)


def invalid_field(resource: str, field: str, message: str) -> dict[str, Any]:
    """The `errors` entry for a value that does not fit its field; the code is an assumption of the fact sheet."""
    return field_error("InvalidField", message, resource, field)


def invalid_patch(message: str) -> ApiError:
    """400 for a PATCH body that cannot be applied."""
    return ApiError(400, {"code": "InvalidPatch", "message": message, "errors": None})


def bad_condition(message: str) -> ApiError:
    """400 for conditions that cannot be parsed or name an unknown field."""
    return ApiError(400, {"code": "ApiFindCondition", "message": message, "errors": None})


def malformed(message: str) -> ApiError:
    """400 for a body that is not the JSON that the path expects."""
    return ApiError(400, {"code": "InvalidArgument", "message": message, "errors": None})


def not_found(entity: str, key: object) -> ApiError:
    """404 for an absent record; the wording is an assumption of the fact sheet."""
    return ApiError(404, {"code": "NotFound", "message": f"Entity {entity} {key} not found.", "errors": None})


def no_such_path() -> ApiError:
    """404 for a path that no version of the API has."""
    return ApiError(404, {"code": "NotFound", "message": "No resource was found for this address.", "errors": None})


def method_not_allowed(method: str, allowed: list[str]) -> ApiError:
    """405 for a known path."""
    message = f"The requested resource does not support http method '{method}'."
    body = {"code": "MethodNotAllowed", "message": message, "errors": None}
    return ApiError(405, body, {"Allow": ", ".join(allowed)})


def unsupported_media_type() -> ApiError:
    """415 for a body that does not say it is JSON."""
    return ApiError(415, {"code": "UnsupportedMediaType", "message": "Send application/json.", "errors": None})


def security() -> ApiError:
    """403 for a security role that is too weak."""
    message = "You do not have security permission to perform this action."
    return ApiError(403, {"code": "Security", "message": message})


def unauthorized(message: str = "Provide a valid clientId, company and keys.") -> ApiError:
    """401 for wrong credentials."""
    return ApiError(401, {"code": "Unauthorized", "message": message})


def too_many_requests(retry_after: int | None) -> ApiError:
    """429, whose body has another shape than all others: `error` and no `code`."""
    seconds = 30 if retry_after is None else retry_after
    body = {"error": "ConnectWiseAPI", "message": f"Too many requests. Please try again in {seconds} seconds."}
    return ApiError(429, body, {} if retry_after is None else {"Retry-After": str(retry_after)})
