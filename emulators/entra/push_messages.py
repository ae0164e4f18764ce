"""The XML of the push service: requests, whose element order is checked, and responses.

Order of requests: push-and-login fact sheet 3.5. The real service is thought to drop a misplaced element without a
word; here it is an error, so that no client of ours ever sends one. Responses: 3.6, and a published trace of
Microsoft's own AD FS adapter, which also shows RenewCert, AffinityUrl, ValidEntropyNumber and the nil
AuthenticationResult of a session that has only begun.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from xml.etree import ElementTree

from emulators.entra.pushes import Outcome

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
_PROPERTIES = "AuthenticationMethodProperties"

ORDER: dict[str, tuple[str, ...]] = {
    "BeginTwoWayAuthentication": (
        "Version",
        "UserPrincipalName",
        "TenantId",
        "Lcid",
        "AuthenticationMethodId",
        _PROPERTIES,
        "AuthenticationPurpose",
        "ContextId",
        "OtpRetryCount",
        "SyncCall",
        "RequireUserMatch",
        "CallerName",
        "CallerIP",
        "ReplicationScope",
        "ObjectId",
        "CompanyName",
    ),
    "EndTwoWayAuthentication": ("Version", "SessionId", "ContextId", "AdditionalAuthData", "UserPrincipalName"),
    "GetAvailableAuthenticationMethods": ("Version", "UserPrincipalName", "ContextId"),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "BeginTwoWayAuthentication": ("Version", "UserPrincipalName", "ContextId"),
    "EndTwoWayAuthentication": ("Version", "SessionId"),
    "GetAvailableAuthenticationMethods": ("Version", "UserPrincipalName", "ContextId"),
}
MESSAGES = {
    "Success": None,
    "AuthenticationPending": "The authentication has not been completed yet, please try again.",
}
FAILED = "Authentication method failed."


class MalformedError(Exception):
    """A request that is not written as it must be; the text is a sentence that names the element."""


@dataclass(frozen=True)
class Request:
    """One request: its elements by name, nil ones left out, and the pairs of AuthenticationMethodProperties."""

    operation: str
    elements: dict[str, str]
    properties: dict[str, str]

    def get(self, name: str) -> str:
        """The text of the element `name`, "" where it is missing, nil or empty."""
        return self.elements.get(name, "")

    def is_true(self, name: str) -> bool:
        """Whether the element `name` says true, as XML Schema spells it."""
        return self.get(name) in ("true", "1")


def read(operation: str, body: bytes) -> Request:
    """The request in `body`. Raises MalformedError."""
    if b"<!" in body:
        raise MalformedError("The body holds a document type or a comment; neither belongs into a request.")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  (entities need a document type, which is refused above)
    except ElementTree.ParseError as reason:
        raise MalformedError(f"The body is not XML: {reason}.") from None
    if root.tag != f"{operation}Request":
        raise MalformedError(f"The root element is <{root.tag}>, but must be <{operation}Request> without a namespace.")
    _check_order(operation, [child.tag for child in root])
    elements, properties = {}, {}
    for child in root:
        if child.tag == _PROPERTIES:
            properties = _pairs(child)
        elif len(child):
            raise MalformedError(f"The element <{child.tag}> holds the element <{child[0].tag}>, but must hold text.")
        elif child.get(f"{{{_INSTANCE}}}nil") not in ("true", "1"):
            elements[child.tag] = (child.text or "").strip()
    for name in REQUIRED[operation]:
        if not elements.get(name):
            raise MalformedError(f"The element <{name}> is missing or empty.")
    return Request(operation, elements, properties)


def _check_order(operation: str, names: list[str]) -> None:
    order = ORDER[operation]
    highest = ""
    for name in names:
        if name not in order:
            raise MalformedError(f"The element <{name}> does not belong into {operation}Request.")
        if names.count(name) > 1:
            raise MalformedError(f"The element <{name}> stands there {names.count(name)} times.")
        if highest and order.index(name) < order.index(highest):
            raise MalformedError(f"The element <{name}> is misplaced: it must stand before <{highest}>.")
        highest = name


def _pairs(parent: ElementTree.Element) -> dict[str, str]:
    pairs = {}
    for pair in parent:
        key, value = pair.find(f"{{{_ARRAYS}}}Key"), pair.find(f"{{{_ARRAYS}}}Value")
        if pair.tag != f"{{{_ARRAYS}}}KeyValueOfstringstring" or key is None or value is None:
            raise MalformedError(
                f"The element <{_PROPERTIES}> holds <{pair.tag}>, but must hold KeyValueOfstringstring."
            )
        pairs[key.text or ""] = value.text or ""
    return pairs


def begin_response(version: str, outcome: Outcome, *, session: str, upn: str, affinity: str) -> str:
    """The answer of BeginTwoWayAuthentication; without a session its `session` and `affinity` are ""."""
    return _document(
        "BeginTwoWayAuthenticationResponse",
        _text("Version", version),
        _result(outcome),
        _text("SessionId", session or None),
        _text("AuthenticationResult", outcome.authenticated),
        _text("UserPrincipalName", upn),
        _text("AffinityUrl", affinity or None),
        _text("ValidEntropyNumber", "0"),
    )


def end_response(version: str, outcome: Outcome) -> str:
    """The answer of EndTwoWayAuthentication."""
    return _document(
        "EndTwoWayAuthenticationResponse",
        _text("Version", version),
        _result(outcome),
        _text("AuthenticationResult", outcome.authenticated),
        _text("LocationData", None),
        _text("CompletedInteractively", "true" if outcome.authenticated == "true" else "false"),
    )


def methods_response(
    version: str, outcome: Outcome, *, methods: list[tuple[str, bool, str]], upn: str, created: int
) -> str:
    """The answer of GetAvailableAuthenticationMethods; each method is (id, is the default, masked number or "")."""
    listed = "".join(
        _nested(
            "AuthenticationMethod",
            _text("Id", method),
            _text("IsDefault", "true" if default else "false"),
            _property("MobilePhone" if number else "StrongAuthenticationPhoneAppDetail", number),
        )
        for method, default, number in methods
    )
    return _document(
        "GetAvailableAuthenticationMethodsResponse",
        _text("Version", version),
        _result(outcome),
        _nested("AuthenticationMethods", listed),
        _text("CreateTimeSeconds", str(created)),
        _text("UserPrincipalName", upn),
    )


def _result(outcome: Outcome) -> str:
    return _nested(
        "Result",
        _text("Value", outcome.value),
        _text("Message", MESSAGES.get(outcome.value, FAILED)),
        _text("Retry", "true" if outcome.value == "AuthenticationPending" else "false"),
        _text("Error", None),
        _text("Exception", None),
        _text("RenewCert", "false"),
    )


def _property(key: str, value: str) -> str:
    pair = f"<a:KeyValueOfstringstring><a:Key>{key}</a:Key><a:Value>{html.escape(value)}</a:Value>"
    return f'<Properties xmlns:a="{_ARRAYS}">{pair}</a:KeyValueOfstringstring></Properties>'


def _text(name: str, value: str | None) -> str:
    return f'<{name} i:nil="true"/>' if value is None else f"<{name}>{html.escape(value)}</{name}>"


def _nested(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def _document(name: str, *parts: str) -> str:
    return f'<{name} xmlns:i="{_INSTANCE}">{"".join(parts)}</{name}>'
