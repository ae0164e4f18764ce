"""What BMS answers: the envelope of nearly every call, and refusals in the two shapes that clients report.

The published description declares HTTP 200 alone and no error code, so every status here is inferred; those that a
tenant may do otherwise are switches in :mod:`emulators.kaseya_bms.faults`.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def ok(result: Any, total: int | None = None) -> Json:
    """The envelope of a success; `totalRecords` only where the call is paged."""
    answer: Json = {"success": True, "error": None, "result": result}
    if total is not None:
        answer["totalRecords"] = total
    return answer


class Refusal(Exception):
    """An answer that is no success.

    `kind` says which switch sets its status (`login`, `right`, `missing`, `rule`), or None for `status` as it is;
    `body` is the JSON to send, None for an empty body.
    """

    def __init__(
        self, status: int, body: Json | None, *, kind: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {kind or ''}".strip())
        self.status = status
        self.body = body
        self.kind = kind
        self.headers = headers or {}


def refusal(
    status: int,
    message: str,
    *,
    kind: str | None = None,
    parts: list[str] | None = None,
    headers: dict[str, str] | None = None,
) -> Refusal:
    """A refusal in the envelope; `stackStrace` is the vendor's own spelling."""
    error = {"code": status, "message": message, "details": None, "stackStrace": None, "subErrors": parts or []}
    return Refusal(status, {"success": False, "error": error, "result": None}, kind=kind, headers=headers)


def problem(errors: dict[str, list[str]]) -> Refusal:
    """The 400 of ASP.NET's model binding, which knows no envelope: field name -> what is wrong with it."""
    title = "One or more validation errors occurred."
    return Refusal(400, {"title": title, "status": 400, "errors": errors})


def rule(message: str, *parts: str) -> Refusal:
    """A value that breaks a rule of the record."""
    return refusal(400, message, kind="rule", parts=list(parts))


def unknown(what: str) -> Refusal:
    """There is no such record."""
    return refusal(404, f"{what} was not found.", kind="missing")


def no_right(module: str, action: str) -> Refusal:
    """The role lacks an action on a module."""
    return refusal(403, f"You do not have permission to {action} {module}.", kind="right")


def not_signed_in(message: str = "Authorization has been denied for this request.") -> Refusal:
    """The token is missing, over, or its owner may not use the API."""
    return refusal(401, message, headers={"WWW-Authenticate": "Bearer"})
