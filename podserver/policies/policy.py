"""The policy as a value: what it says, how it is written down, and what may stand in it.

A tenant has a default. A client has only what it changes of that, so that a change of the default reaches every
client that does not say otherwise. Both are JSON of the same shape; :func:`effective` lays one over the other.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from podserver.verification.strength import Strength

# The methods a new tenant allows, in the order the pod offers them. The push that Microsoft does not document and
# the technician's own word are left out until an admin puts them in.
FIRST_METHODS: Final = (
    "sms_code", "sms_link", "duo_push", "mail_link", "mail_code", "voice_code", "microsoft_sign_in",
)  # fmt: skip


class TypedNumber(enum.StrEnum):
    """On which links the user has to type the two digits that the technician reads out."""

    NEVER = "never"
    MAIL = "mail"
    ALWAYS = "always"


class BannerColour(enum.StrEnum):
    """The ground of the banner; the words have to say what the colour says."""

    QUIET = "quiet"
    AMBER = "amber"
    RED = "red"
    GREEN = "green"


class BadPolicy(ValueError):
    """A setting is wrong; the message is a sentence for the admin, ``field`` the setting's name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Policy:
    """What is allowed, how strong it has to be, how long it counts, and what the ticket is told.

    ``methods`` are allowed, in the order in which the pod offers them. ``minutes_green`` is how long a shield stays
    green, ``minutes_alive`` how long a request lives. ``cooldown_minutes`` is how long a contact is locked after "I
    did not ask for this"; 0 until an admin lifts it. ``note_outcomes`` are the ends that the ticket is told.
    ``counts_elsewhere`` says whether a shield that was earned on one ticket counts on another. ``show_on_load`` says
    whether the pod opens with the rows that verify; else they are folded until the technician asks for them.
    """

    methods: tuple[str, ...] = FIRST_METHODS
    minimum_strength: Strength = Strength.D
    minutes_green: int = 60
    minutes_alive: int = 5
    counts_elsewhere: bool = True
    typed_number: TypedNumber = TypedNumber.MAIL
    cooldown_minutes: int = 60
    other_contact_needs_note: bool = True
    adhoc_number: bool = False
    show_on_load: bool = True
    banner: str = ""
    banner_colour: BannerColour = BannerColour.AMBER
    note_internal: bool = True
    note_outcomes: tuple[str, ...] = ("verified", "denied", "expired", "locked", "cancelled", "failed")
    history_rows: int = 10

    def wants_number(self, *, by_mail: bool) -> bool:
        """Whether a link that goes this way asks for the typed number."""
        return self.typed_number == TypedNumber.ALWAYS or (by_mail and self.typed_number == TypedNumber.MAIL)


SETTINGS: Final = tuple(field.name for field in fields(Policy))
# The least and the most of each number. Ten minutes are the longest life of a code, whatever anybody wants.
RANGES: Final[dict[str, tuple[int, int]]] = {
    "minutes_green": (5, 480),
    "minutes_alive": (1, 10),
    "cooldown_minutes": (0, 7 * 24 * 60),
    "history_rows": (1, 100),
}
OUTCOMES: Final = ("verified", "denied", "expired", "locked", "cancelled", "failed")
# What the ticket must always be told: that somebody was verified, and that somebody did not ask.
ALWAYS_TOLD: Final = frozenset({"verified", "denied"})
LONGEST_BANNER: Final = 240
_ENUMS: Final[dict[str, type[enum.StrEnum]]] = {
    "minimum_strength": Strength,
    "typed_number": TypedNumber,
    "banner_colour": BannerColour,
}
DEFAULT: Final = Policy()


def clean(said: Mapping[str, Any], known_methods: frozenset[str]) -> dict[str, Any]:
    """The settings that ``said`` holds, checked, in the form that is stored. Raises BadPolicy."""
    checked = {}
    for name, value in said.items():
        if name not in SETTINGS:
            raise BadPolicy(f"There is no setting {str(name)[:40]!r}.", str(name)[:40])
        checked[name] = _clean(name, value, known_methods)
    return checked


def _clean(name: str, value: Any, known_methods: frozenset[str]) -> Any:
    default = getattr(DEFAULT, name)
    if name in RANGES:
        low, high = RANGES[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadPolicy(f"This is a whole number from {low} to {high}.", name)
        return value
    if name in _ENUMS:
        allowed = [str(each) for each in _ENUMS[name]]
        if value not in allowed:
            raise BadPolicy(f"This is one of {', '.join(allowed)}.", name)
        return str(value)
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise BadPolicy("This is true or false.", name)
        return value
    if isinstance(default, tuple):
        return _clean_list(name, value, known_methods)
    if not isinstance(value, str) or len(value) > LONGEST_BANNER:
        raise BadPolicy(f"This is a text of {LONGEST_BANNER} characters at most.", name)
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _clean_list(name: str, value: Any, known_methods: frozenset[str]) -> list[str]:
    allowed = known_methods if name == "methods" else frozenset(OUTCOMES)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise BadPolicy("This is a list of names.", name)
    for each in value:
        if each not in allowed:
            raise BadPolicy(f"There is no {each[:40]!r}; there are {', '.join(sorted(allowed))}.", name)
    if len(set(value)) != len(value):
        raise BadPolicy("Each may stand here once.", name)
    if name == "methods" and not value:
        raise BadPolicy("Allow at least one way to verify.", name)
    if name == "note_outcomes" and not set(value) >= ALWAYS_TOLD:
        raise BadPolicy("A ticket is always told of verified and of denied.", name)
    return list(value)


@lru_cache(maxsize=512)
def effective(default: str | None, own: str | None) -> Policy:
    """The policy that counts: the stored default, and over it what the client changes; None where nothing is stored.

    What is stored was checked before; a value that an older or newer release wrote and this one does not know is
    left out, and what stands behind it counts.
    """
    settings: dict[str, Any] = {}
    for stored in (default, own):
        for name, value in (json.loads(stored) if stored else {}).items():
            if name in SETTINGS and (read := _read(name, value)) is not None:
                settings[name] = read
    return Policy(**settings)


def effective_of(settings: Mapping[str, Any]) -> Policy:
    """The policy that counts with these settings, in the form that is stored, and podserver's own for the rest."""
    return effective(None, json.dumps(dict(settings), sort_keys=True))


def _read(name: str, value: Any) -> Any:
    if name in _ENUMS:
        try:
            return _ENUMS[name](value)
        except ValueError:
            return None
    return tuple(value) if isinstance(value, list) else value


def as_settings(policy: Policy) -> dict[str, Any]:
    """The whole policy in the form that is stored."""
    return {
        name: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, enum.StrEnum) else value
        for name in SETTINGS
        for value in (getattr(policy, name),)
    }


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a policy goes with one request to its end, so that a change meanwhile does not bend it."""

    minutes_green: int = 60
    cooldown_minutes: int = 60
    note_internal: bool = True
    note_outcomes: tuple[str, ...] = OUTCOMES

    @property
    def green(self) -> timedelta:
        """How long the shield stays green."""
        return timedelta(minutes=self.minutes_green)


def terms_of(policy: Policy) -> str:
    """The terms as a request keeps them."""
    return _terms_of(policy.minutes_green, policy.cooldown_minutes, policy.note_internal, policy.note_outcomes)


@lru_cache(maxsize=256)
def _terms_of(green: int, cooldown: int, internal: bool, outcomes: tuple[str, ...]) -> str:
    return json.dumps({"green": green, "cooldown": cooldown, "internal": internal, "outcomes": outcomes})


@lru_cache(maxsize=256)
def terms(stored: str) -> Terms:
    """The terms of a request from before a release that had them are the default's."""
    said = json.loads(stored or "{}")
    if not said:
        return Terms()
    return Terms(said["green"], said["cooldown"], said["internal"], tuple(said["outcomes"]))
