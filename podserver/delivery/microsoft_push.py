"""The service behind the Authenticator push, which Microsoft does not document for others.

Its messages are a WCF data contract: XML whose elements have an order (push-and-login fact sheet 3.5, 3.6). They are
built and read as trees, so that no address can add an element.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

from podserver.delivery import microsoft_words as words
from podserver.delivery.microsoft import Cloud, Line, NotReached, ask

METHOD: Final = "PhoneAppNotification"
_PATH: Final = "/StrongAuthenticationService.svc/Connector/"
_ARRAYS: Final = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_VALUE: Final = re.compile(r"[A-Za-z0-9]{1,60}")
_SESSION: Final = re.compile(r"[\w.{}-]{1,64}", re.ASCII)
_USER_AGENT: Final = "podserver"


class PushRefused(Exception):
    """The service refused the request itself; ``status`` is the HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: ``value`` is Result/Value, ``authenticated`` AuthenticationResult, each empty where it is missing."""

    value: str
    authenticated: str
    session: str

    @property
    def approved(self) -> bool:
        """Both have to say so: Success alone also means that a session was begun, or that a code is wanted."""
        return self.value == words.SUCCESS and self.authenticated == "true"

    @property
    def wants_code(self) -> bool:
        """Whether no push went out, as a typed code is wanted."""
        return self.authenticated == "challenge"


@dataclass(frozen=True, slots=True)
class Registered:
    """A method that somebody has, in the service's word, and whether it is their default."""

    method: str
    default: bool


class PushService:
    """The service, for one directory's token. Every call raises PushRefused and NotReached."""

    def __init__(self, cloud: Cloud, token: str) -> None:
        self._line = Line(cloud)
        self._root = f"{cloud.push}{_PATH}"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/xml",
            "User-Agent": _USER_AGENT,
        }

    def begin(self, upn: str) -> Said:
        """Ask somebody. It does not wait for them."""
        root = _request("BeginTwoWayAuthentication")
        _add(
            root, ("Version", "1.0"), ("UserPrincipalName", upn), ("Lcid", "en-us"), ("AuthenticationMethodId", METHOD)
        )
        pair = ElementTree.SubElement(
            ElementTree.SubElement(root, "AuthenticationMethodProperties"), f"{{{_ARRAYS}}}KeyValueOfstringstring"
        )
        _add(pair, (f"{{{_ARRAYS}}}Key", "OverrideVoiceOtp"), (f"{{{_ARRAYS}}}Value", "false"))
        _add(root, ("ContextId", str(uuid.uuid4())), ("SyncCall", "false"), ("RequireUserMatch", "true"))
        _add(root, ("CallerName", "radius"), ("CallerIP", "UNKNOWN:"))
        return _said(self._post("BeginTwoWayAuthentication", root))

    def end(self, session: str, upn: str) -> Said:
        """What they have pressed; PENDING while they have not."""
        root = _request("EndTwoWayAuthentication")
        _add(root, ("Version", "1.0"), ("SessionId", session), ("ContextId", str(uuid.uuid4())))
        _add(root, ("UserPrincipalName", upn))
        return _said(self._post("EndTwoWayAuthentication", root))

    def methods(self, upn: str) -> tuple[Said, Sequence[Registered]]:
        """The methods that somebody has. It asks nobody anything."""
        root = _request("GetAvailableAuthenticationMethods")
        _add(root, ("Version", "1.0"), ("UserPrincipalName", upn), ("ContextId", str(uuid.uuid4())))
        answer = self._post("GetAvailableAuthenticationMethods", root)
        listed = _child(answer, "AuthenticationMethods")
        found = [] if listed is None else [Registered(_text(each, "Id"), _text(each, "IsDefault") == "true")
                                           for each in listed]  # fmt: skip
        return _said(answer), [each for each in found if each.method]

    def _post(self, operation: str, root: ElementTree.Element) -> ElementTree.Element:
        body = ElementTree.tostring(root, encoding="utf-8")
        answer = ask(self._line, "POST", f"{self._root}{operation}", data=body, headers=self._headers)
        if answer.status_code != 200:
            raise PushRefused(answer.status_code)
        return read(answer.content)


def sendable(upn: str) -> bool:
    """Whether a sign-in name can stand in a request: XML knows no control characters, escaped or not."""
    return 3 <= len(upn) <= 254 and upn.isprintable() and "@" in upn


def read(body: bytes) -> ElementTree.Element:
    """The root of an answer. Raises NotReached where it is no plain XML."""
    # Entities, the one danger of the standard parser, need a document type.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise NotReached
    try:
        return ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        raise NotReached from None


def _request(operation: str) -> ElementTree.Element:
    return ElementTree.Element(f"{operation}Request")


def _add(parent: ElementTree.Element, *texts: tuple[str, str]) -> None:
    for name, text in texts:
        ElementTree.SubElement(parent, name).text = text


def _said(answer: ElementTree.Element) -> Said:
    result = _child(answer, "Result")
    value = _text(result, "Value") if result is not None else ""
    session = _text(answer, "SessionId")
    return Said(
        value if _VALUE.fullmatch(value) else "",
        _text(answer, "AuthenticationResult"),
        session if _SESSION.fullmatch(session) else "",
    )


def _child(parent: ElementTree.Element, name: str) -> ElementTree.Element | None:
    """The child of that name, whatever namespace an answer puts it in."""
    return next((each for each in parent if each.tag.rpartition("}")[2] == name), None)


def _text(parent: ElementTree.Element, name: str) -> str:
    found = _child(parent, name)
    if found is None or found.get(_NIL) in ("true", "1"):
        return ""
    return (found.text or "").strip()
