"""A Duo user with devices, in the shapes of the two APIs (push-and-login fact sheet 2.6 and 2.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STATUSES = ("active", "bypass", "disabled", "locked out")

_SHORT_PLATFORMS = {"Apple iOS": "iOS", "Google Android": "Android"}


@dataclass(frozen=True)
class Phone:
    """A phone of a user; `number` is E.164, `activated` says that Duo Mobile runs on it."""

    phone_id: str
    number: str
    name: str = ""
    kind: str = "Mobile"
    platform: str = "Unknown"
    activated: bool = False
    capabilities: tuple[str, ...] = ("sms", "phone")

    @property
    def can_push(self) -> bool:
        """Whether a push reaches it."""
        return self.activated and "push" in self.capabilities

    @property
    def masked(self) -> str:
        """The number with all but its last four digits hidden."""
        return f"XXX-XXX-{self.number[-4:]}"

    @property
    def display_name(self) -> str:
        """What a person recognises it by: `iOS (XXX-XXX-0142)`."""
        return f"{self.name or _SHORT_PLATFORMS.get(self.platform, self.kind)} ({self.masked})"

    def as_device(self) -> dict[str, Any]:
        """Its entry in the Auth API's preauth."""
        return {
            "device": self.phone_id,
            "type": "phone",
            "name": self.name,
            "display_name": self.display_name,
            "number": self.masked,
            "capabilities": list(self.capabilities),
        }

    def as_resource(self) -> dict[str, Any]:
        """Its object in the Admin API."""
        return {
            "phone_id": self.phone_id,
            "number": self.number,
            "extension": "",
            "name": self.name,
            "type": self.kind,
            "platform": self.platform,
            "activated": self.activated,
            "sms_passcodes_sent": False,
            "capabilities": list(self.capabilities),
        }


@dataclass(frozen=True)
class Token:
    """A hardware token; preauth lists it without capabilities."""

    token_id: str
    serial: str

    def as_device(self) -> dict[str, Any]:
        """Its entry in the Auth API's preauth."""
        return {"device": self.token_id, "type": "token", "name": self.serial}

    def as_resource(self) -> dict[str, Any]:
        """Its object in the Admin API."""
        return {"token_id": self.token_id, "type": "h6", "serial": self.serial}


@dataclass(frozen=True)
class User:
    """A user of the account. `verified_push` is the policy that asks for a typed code; times are Unix seconds."""

    user_id: str
    username: str
    realname: str
    email: str = ""
    aliases: tuple[str, ...] = ()
    status: str = "active"
    phones: tuple[Phone, ...] = ()
    tokens: tuple[Token, ...] = ()
    verified_push: bool = False
    last_login: int | None = None

    @property
    def is_enrolled(self) -> bool:
        """Whether there is any device."""
        return bool(self.phones or self.tokens)

    @property
    def push_phone(self) -> Phone | None:
        """The first phone that can push."""
        return next((phone for phone in self.phones if phone.can_push), None)

    def phone(self, phone_id: str) -> Phone | None:
        """The phone with this id, if it is theirs."""
        return next((phone for phone in self.phones if phone.phone_id == phone_id), None)

    def is_called(self, name: str) -> bool:
        """Whether `name` is the username or an alias; Duo does not tell letter cases apart [inferred]."""
        return name.strip().lower() in {each.lower() for each in (self.username, *self.aliases)}

    def as_resource(self) -> dict[str, Any]:
        """The object in the Admin API; absent aliases are null in `alias1` to `alias4`, and absent in `aliases`."""
        named = {f"alias{index + 1}": alias for index, alias in enumerate(self.aliases)}
        return {
            "user_id": self.user_id,
            "username": self.username,
            "email": self.email,
            "realname": self.realname,
            **{f"alias{index}": named.get(f"alias{index}") for index in range(1, 5)},
            "aliases": named,
            "status": self.status,
            "is_enrolled": self.is_enrolled,
            "last_login": self.last_login,
            "last_directory_sync": None,
            "groups": [],
            "tokens": [token.as_resource() for token in self.tokens],
            "phones": [phone.as_resource() for phone in self.phones],
        }
