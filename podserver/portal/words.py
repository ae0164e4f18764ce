"""How times, events and figures are worded on the portal's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from markupsafe import Markup

from podserver.history.service import Kind
from podserver.policies.service import AS_THE_DEFAULT
from podserver.policies.wording import WORDINGS, in_words
from podserver.verification.methods import METHODS

_GOOD = {Kind.VERIFIED, Kind.DELIVERED}
_BAD = {
    Kind.TICKET_FAILED,
    Kind.UNDELIVERED, Kind.WRONG_CODE, Kind.DENIED, Kind.LOCKED, Kind.FAILED, Kind.LATE_PROOF, Kind.REFUSED,
    Kind.SIGN_IN_FAILED, Kind.POD_REFUSED, Kind.KEYS_REFUSED,
    Kind.NOTE_FAILED, Kind.FORGED_CALLBACK,
}  # fmt: skip


def install(app: Flask) -> None:
    """Make the filters known to templates."""
    for function in (clock, moment, tone, sentence_case, detail, method_label):
        app.add_template_filter(function)


def clock(at: datetime) -> Markup:
    """A time in full, with its zone."""
    return _time(at, f"{at.day} {at:%b %Y %H:%M} UTC")


def moment(at: datetime, today: datetime) -> Markup:
    """A time in a column whose head says UTC: Today 10:41, Fri 16:02, 3 Nov 09:15."""
    days = (today.date() - at.date()).days
    if days == 0:
        text = f"Today {at:%H:%M}"
    elif days == 1:
        text = f"Yesterday {at:%H:%M}"
    elif 1 < days < 7:
        text = f"{at:%a %H:%M}"
    else:
        text = f"{at.day} {at:%b} {at:%H:%M}" if at.year == today.year else f"{at.day} {at:%b %Y} {at:%H:%M}"
    return _time(at, text)


def _time(at: datetime, text: str) -> Markup:
    title = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(timespec="seconds"), title, text)


def tone(kind: str) -> str:
    """The class of an event's word: good, bad or quiet."""
    return "good" if kind in _GOOD else "bad" if kind in _BAD else "neutral"


def sentence_case(text: str) -> str:
    """The text with a capital at its front."""
    return text[:1].upper() + text[1:]


def method_label(name: str) -> str:
    """The words for a method."""
    return METHODS[name].label if name in METHODS else name.replace("_", " ")


def detail(said: dict[str, Any]) -> str:
    """What else an event says, in one line."""
    before, after = said.get("before"), said.get("after")
    if "policy" in said and isinstance(before, dict) and isinstance(after, dict):
        return _policy(said, before, after)
    parts = [f"{_name(key)} {_plain(value)}" for key, value in said.items() if key not in ("before", "after")]
    if isinstance(before, dict) and isinstance(after, dict):
        parts += [
            f"{_name(key)} {_plain(before.get(key))} → {_plain(value)}"
            for key, value in after.items()
            if before.get(key) != value
        ]
    return ", ".join(parts)


def _policy(said: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> str:
    """A change of a policy, each setting in the words of its page."""
    changes = [
        f"{WORDINGS[name].title if name in WORDINGS else _name(name)}: "
        f"{_setting(name, before.get(name))} → {_setting(name, value)}"
        for name, value in after.items()
    ]
    risk = said.get("accepted risk")
    accepted = [f"Risk accepted: {risk}"] if risk else []
    return f"{_plain(said['policy'])}. {'; '.join([*changes, *accepted])}"


def _setting(name: str, value: Any) -> str:
    if value == AS_THE_DEFAULT or name not in WORDINGS or isinstance(value, dict):
        return _plain(value)
    return in_words(name, value)


def _name(key: str) -> str:
    return "" if key == "reason" else key.replace("_", " ")


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{_name(str(key))} {_plain(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value) or "nothing"
    return str(value)
