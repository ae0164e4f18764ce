"""Forms of integrations, in the PSA's own words: made from the kind's declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from wtforms import BooleanField, Field, Form, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from connectors.base import Choice
from podserver.integrations.fields import values_of
from podserver.integrations.models import Integration
from podserver.integrations.psas import Field as PsaField
from podserver.integrations.psas import PsaKind
from podserver.portal.forms import LineField, PortalForm, SecretField


class PsaForm(PortalForm):
    """The fields of a connection. What the service refuses is shown beside the field it names."""

    name = LineField("Name", description="What you call this connection here.")

    def typed(self, kind: PsaKind) -> dict[str, str]:
        """What was sent, by field; a field that was not in the page is left out."""
        found = {}
        for field in kind.fields:
            if field.switch:
                found[field.name] = "1" if self[field.name].data else ""
            elif field.name in self._fields and field.name in request.form:
                found[field.name] = self[field.name].data or ""
        return found


def psa_form(kind: PsaKind, stored: Integration | None, *, filled: bool = True) -> PsaForm:
    """A form for this kind, with what is stored in it; not ``filled`` from the request where its answer was saved."""
    fields: dict[str, Any] = {field.name: _field(field) for field in kind.fields if field.live is None}
    form_class = type("KindForm", (PsaForm,), fields)
    before = values_of(stored) if stored is not None else {field.name: field.default for field in kind.fields}
    data: dict[str, object] = {
        field.name: before[field.name] == "1" if field.switch else before[field.name]
        for field in kind.fields
        if not field.secret
    }
    data["name"] = stored.name if stored is not None else kind.title
    form: PsaForm = form_class(data=data) if filled else form_class(formdata=None, data=data)
    for field in kind.fields:
        if field.secret:
            form[field.name].stored = stored is not None and bool(before[field.name])
    return form


class ListsForm(Form):
    """The fields that the PSA fills; they are sent with the others."""


def lists_form(kind: PsaKind, stored: Integration, choices: Mapping[str, Sequence[Choice]]) -> ListsForm:
    """The lists of this kind with the PSA's entries; the stored choice is chosen, and kept where the PSA lost it."""
    before = values_of(stored)
    fields: dict[str, Any] = {}
    for field in (f for f in kind.fields if f.live is not None):
        entries = [(choice.ref, choice.name) for choice in choices[field.name]]
        chosen = before[field.name]
        if chosen not in {ref for ref, _ in entries}:
            entries.insert(0, (chosen, f"{chosen} (not in {kind.title} any more)" if chosen else "Choose one"))
        fields[field.name] = SelectField(field.label, description=field.description, choices=entries)
    form_class = type("KindLists", (ListsForm,), fields)
    form: ListsForm = form_class(data={name: before[name] for name in fields})
    return form


def _field(field: PsaField) -> Field:
    if field.switch:
        return BooleanField(field.label, description=field.description)
    needed = [InputRequired(f"{field.label} is needed.")] if field.required and not field.secret else []
    if field.secret:
        return SecretField(field.label, description=field.description)
    if field.choices:
        return SelectField(field.label, description=field.description, choices=list(field.choices))
    return LineField(field.label, needed, description=field.description)


class InstallForm(PortalForm):
    """How high the pod is."""

    height = RadioField("Height")

    def offer(self, heights: Sequence[int]) -> None:
        """The heights to choose from; where there are none, it is not asked for."""
        if not heights:
            del self.height
            return
        self.height.choices = [SelectChoice(str(height), f"{height} px") for height in heights]
        if self.height.data is None:
            self.height.data = str(heights[0])


class RealAddressForm(PortalForm):
    """An address that the PSA has made for a frame, and the secret that it is signed with where that is not stored."""

    address = LineField("Address of the frame", [InputRequired("Paste the address.")])
    secret = SecretField("Secret")


class SwitchForm(PortalForm):
    """Off or on: a button and its token."""
