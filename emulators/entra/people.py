"""A person in a tenant, with the sign-in methods registered for them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

# What Graph calls a preferred method, and what the push service calls it (fact sheet 3.5, 4.1). "none": no default.
METHOD_OF_PREFERENCE = {
    "push": "PhoneAppNotification",
    "oath": "PhoneAppOTP",
    "sms": "OneWaySMS",
    "voiceMobile": "TwoWayVoiceMobile",
    "voiceAlternateMobile": "TwoWayVoiceAlternateMobile",
    "voiceOffice": "TwoWayVoiceOffice",
    "none": "",
}
PUSH_METHOD = METHOD_OF_PREFERENCE["push"]
CODE_METHODS = frozenset({"PhoneAppOTP", "OneWaySMS", "TwoWaySMS"})
METHODS = frozenset({*METHOD_OF_PREFERENCE.values(), "TwoWaySMS"} - {""})

_REPORT_NAMES = {
    "PhoneAppNotification": "microsoftAuthenticatorPush",
    "PhoneAppOTP": "softwareOneTimePasscode",
    "OneWaySMS": "mobilePhone",
    "TwoWayVoiceOffice": "officePhone",
}


@dataclass(frozen=True)
class User:
    """One user. `preferred` is the seeded default method, a key of METHOD_OF_PREFERENCE."""

    tenant: str
    upn: str
    first: str
    last: str
    mail: str | None
    title: str = ""
    mobile: str | None = None
    office: str | None = None
    authenticator: str | None = None
    preferred: str = "none"
    guest: bool = False
    enabled: bool = True
    aliases: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        """The object id: the same after every start."""
        return str(uuid.uuid5(uuid.UUID(self.tenant), self.upn.lower()))

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}".strip()

    @property
    def proxy_addresses(self) -> list[str]:
        """The mail addresses as Exchange writes them: `SMTP:` for the main one, `smtp:` for the others."""
        main = [f"SMTP:{self.mail}"] if self.mail else []
        return main + [f"smtp:{alias}" for alias in self.aliases]

    @property
    def registered(self) -> list[str]:
        """The push service's names of the methods that this person has."""
        found = []
        if self.authenticator:
            found += ["PhoneAppNotification", "PhoneAppOTP"]
        if self.mobile:
            found += ["OneWaySMS", "TwoWaySMS", "TwoWayVoiceMobile"]
        if self.office:
            found.append("TwoWayVoiceOffice")
        return found

    def phone_of(self, method: str) -> str:
        """The number that `method` rings or texts, "" where it uses none."""
        if method == "TwoWayVoiceOffice":
            return self.office or ""
        return "" if method.startswith("PhoneApp") else self.mobile or ""

    @property
    def report_names(self) -> list[str]:
        """The registered methods as the registration report calls them."""
        return [name for method, name in _REPORT_NAMES.items() if method in self.registered]
