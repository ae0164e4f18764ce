"""Error answers in the shapes that Halo's clients report; most of them are not JSON."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is not a success: `body` is a JSON value, or a text that is sent as HTML (empty: no body)."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.status, self.body, self.headers = status, body, headers or {}


class BrokenRule(Exception):
    """A rule of the business that a write broke, as a sentence; which shape it takes is a switch."""


def broken_rule(sentence: str, shape: str) -> ApiError:
    """400 in one of the shapes that clients have met: `class`, `result`, `message` or `error`."""
    bodies: dict[str, dict[str, Any]] = {
        "class": {
            "ClassName": "System.Exception",
            "Message": sentence,
            "Data": None,
            "InnerException": None,
            "HelpURL": None,
            "StackTraceString": None,
            "HResult": -2146233088,
        },
        "result": {"resultCode": 400, "errorMessage": sentence},
        "message": {"Message": sentence},
        "error": {"error": sentence},
    }
    return ApiError(400, bodies[shape])


def model_state(where: str, sentence: str) -> ApiError:
    """400 for a value of the wrong type, keyed by where it stands: `[0].id`."""
    return ApiError(400, {where: [sentence]})


def wrong_type(where: str, kind: str) -> ApiError:
    """400 for a JSON value that is not of the member's type."""
    return model_state(where, f"The JSON value could not be converted to {kind}. Path: {where}")


def bad_query(name: str, value: str) -> ApiError:
    """400 for a query parameter of the wrong type."""
    return model_state(name, f"The value '{value}' is not valid.")


def token_error(status: int, error: str, description: str) -> ApiError:
    """What the token server answers."""
    return ApiError(status, {"error": error, "error_description": description})


def no_token() -> ApiError:
    """401 for a token that is absent, ended or nonsense."""
    return ApiError(401, "", {"WWW-Authenticate": "Bearer"})


def not_found() -> ApiError:
    """404, which is a page."""
    return ApiError(404, page(404, "Not Found"))


def page(status: int, title: str) -> str:
    """A page as a web server in front sends it."""
    return f"<!DOCTYPE html>\r\n<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"
