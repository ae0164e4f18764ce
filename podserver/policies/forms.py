"""The form of a policy: what its controls show, and what comes back from them.

It works without a script: a button that moves a method sends the whole form, and the page comes back with the method
moved, everything else as it was typed, and nothing saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask_wtf.file import FileField
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, SelectField, SubmitField
from wtforms.validators import Length, Regexp

from podserver.policies.policy import (
    ALWAYS_TOLD,
    DEFAULT,
    OUTCOMES,
    RANGES,
    SETTINGS,
    BadPolicy,
    Policy,
    clean,
    effective_of,
)
from podserver.policies.wording import CHOICES
from podserver.portal.forms import LineField, PortalForm
from podserver.verification.methods import METHODS, NAMES

_MOVES: Final = ("up", "down", "out", "in")


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy as a form holds it.

    ``values`` are what the controls show, in the stored form, or as typed where that is wrong. ``own`` are the
    settings that are set here; of the default that is all of them. ``wrong`` says what is wrong with a setting.
    ``moved`` is the move that was just made, as ``sms_link:up``; empty where none was.
    """

    values: Mapping[str, Any]
    own: frozenset[str]
    wrong: Mapping[str, str] = field(default_factory=dict)
    moved: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """What the form wants to have stored. Raises BadPolicy where a value is wrong."""
        if self.wrong:
            name, sentence = next(iter(self.wrong.items()))
            raise BadPolicy(sentence, name)
        return {name: self.values[name] for name in SETTINGS if name in self.own}

    def policy(self, default: Mapping[str, Any]) -> Policy:
        """The policy that would count, as far as the form's values are right; ``default`` stands behind them."""
        return effective_of(
            {**default, **{n: v for n, v in self.values.items() if n in self.own and n not in self.wrong}}
        )


def draft_of(own: Mapping[str, Any], default: Mapping[str, Any], *, is_default: bool) -> Draft:
    """The form of what is stored. ``default`` holds every setting of the policy that stands behind."""
    known = {name: value for name, value in own.items() if name in SETTINGS}
    return Draft({**default, **known}, frozenset(SETTINGS if is_default else known))


def read_draft(form: MultiDict[str, str], default: Mapping[str, Any], *, is_default: bool) -> Draft:
    """The form as it came back. A setting that is left as the default shows the default's value."""
    values, own, wrong = dict(default), set(), {}
    for name in SETTINGS:
        if not is_default and not _is_own(form, name):
            continue
        own.add(name)
        values[name] = _typed(form, name)
        try:
            values[name] = clean({name: values[name]}, NAMES)[name]
        except BadPolicy as error:
            wrong[name] = str(error)
    return _moved(Draft(values, frozenset(own), wrong), form.get("move", ""), default)


def _is_own(form: MultiDict[str, str], name: str) -> bool:
    if name in CHOICES:
        return form.get(name, "") != ""
    return form.get(f"own-{name}") == "1"


def _typed(form: MultiDict[str, str], name: str) -> Any:
    typed = form.get(name, "").strip()
    if name in RANGES:
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 9 else typed[:20]
    if name == "methods":
        return [each for each in dict.fromkeys(form.getlist("methods")) if each in METHODS]
    if name == "note_outcomes":
        ticked = {*form.getlist("note_outcomes"), *ALWAYS_TOLD}
        return [each for each in OUTCOMES if each in ticked]
    if isinstance(getattr(DEFAULT, name), bool):
        return {"yes": True, "no": False}.get(typed, typed[:20])
    return typed[:1000]


def _moved(draft: Draft, move: str, default: Mapping[str, Any]) -> Draft:
    """The draft with one method moved up or down, taken out or put in; as it is where the move cannot be."""
    name, _, how = move.partition(":")
    if name not in METHODS or how not in _MOVES:
        return draft
    methods = move_method(draft.values["methods"] if "methods" in draft.own else default["methods"], name, how)
    wrong = {key: sentence for key, sentence in draft.wrong.items() if key != "methods"}
    if not methods:
        wrong["methods"] = "Allow at least one way to verify."
    values = {**draft.values, "methods": methods}
    return replace(draft, values=values, own=draft.own | {"methods"}, wrong=wrong, moved=move)


def move_method(methods: Sequence[str], name: str, how: str) -> list[str]:
    """The list with ``name`` one place up or down, taken out, or put at the end."""
    rest = [each for each in methods if each != name]
    if how == "out":
        return rest
    if name not in methods:
        return [*rest, name]
    place = list(methods).index(name) + {"up": -1, "down": 1, "in": 0}[how]
    place = max(0, min(place, len(rest)))
    return [*rest[:place], name, *rest[place:]]


class UploadForm(PortalForm):
    """A file of policies to look at."""

    file = FileField("File of policies", description="As Export writes it. Nothing is changed before you confirm.")
    look = SubmitField("Show what would change")


class ConfirmForm(PortalForm):
    """The changes that were shown, and the state of things that they were made from."""

    packed = HiddenField(validators=[Length(max=120_000)])
    state = HiddenField(validators=[Length(max=64)])
    accepts = BooleanField("I accept this risk")
    apply = SubmitField("Apply")


class ExplainForm(PortalForm):
    """Whose pod to explain."""

    integration = SelectField("Integration", coerce=int)
    ticket = LineField(
        "Ticket number", [Regexp(r"(#?[A-Za-z]{0,3}[0-9][A-Za-z0-9.-]{0,30})?$", message="This is a ticket's number.")]
    )
    contact = LineField(
        "Contact's number in the PSA",
        [Regexp(r"[0-9]{0,20}$", message="This is the number that the PSA gives the contact.")],
        description="Instead of a ticket; or beside it, for another contact than the ticket's own.",
    )
    anew = BooleanField("Ask the PSA anew", description="Else an answer that is not older than two minutes serves.")
