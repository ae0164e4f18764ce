"""One press on one of the page's buttons: what the form carries, and whether it is to be acted on."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from werkzeug.datastructures import Headers

from podserver.answering import proof, visitors
from podserver.security import sealing

# Nobody reads the page and decides in less.
QUICKEST: Final = timedelta(seconds=2)
_LONGEST: Final = 200


class Choice(enum.StrEnum):
    """What a button says; NONE is a form that was sent without one of ours."""

    VALIDATE = "validate"
    DENY = "deny"
    SIGN_IN = "sign_in"
    NONE = ""


class Verdict(enum.StrEnum):
    """What to do with a press: act on it, ask again, or refuse it as not made from a page of ours."""

    ACT = "act"
    TOO_QUICK = "too quick"
    UNSURE = "unsure"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Press:
    """A form of the page as it came. ``id`` names this press, so that a repeat of it is the same press.

    ``number`` is as typed. A press of which the verdict is not ACT must have no effect at all.
    """

    token: str = field(repr=False)
    choice: Choice
    number: str = field(repr=False)
    id: str = field(repr=False)
    verdict: Verdict


def read_press(form: Mapping[str, str], headers: Headers, origin: str, at: datetime) -> Press:
    """The press that a request is; ``origin`` is the server's own. It reads nothing but what it is given."""
    token, value, number = (form.get(name, "")[:_LONGEST] for name in ("token", "page", "number"))
    said = form.get("choice", "")
    choice = Choice(said) if said in list(Choice) else Choice.NONE
    press_id = sealing.fingerprint("\x00".join((value, choice, number)))
    return Press(token, choice, number, press_id, _judge(token, value, choice, form, headers, origin, at))


def _judge(
    token: str,
    value: str,
    choice: Choice,
    form: Mapping[str, str],
    headers: Headers,
    origin: str,
    at: datetime,
) -> Verdict:
    if visitors.from_another_site(headers, origin):
        return Verdict.REFUSE
    try:
        page = proof.read(token, value)
    except proof.BadProof:
        return Verdict.REFUSE
    # The decoys of the form are seen by programs only.
    if choice == Choice.NONE or form.get("leave_empty") or visitors.is_automatic(headers) or page.ends_at <= at:
        return Verdict.UNSURE
    return Verdict.TOO_QUICK if at - page.made_at < QUICKEST else Verdict.ACT
