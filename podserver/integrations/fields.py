"""The fields of an integration: what was typed, what is stored, and what the PSA offers to choose from."""

from __future__ import annotations

from connectors.base import Choice, Connector, PsaError
from podserver.integrations.models import Integration
from podserver.integrations.psas import BadInput, Field, PsaKind, Values, kind_of


def values_of(integration: Integration) -> dict[str, str]:
    """The fields of an integration by name, secrets included; empty where a newer field was never filled."""
    stored = {**integration.values, **integration.secrets}
    return {field.name: stored.get(field.name, "") for field in kind_of(integration.psa).fields}


def clean(kind: PsaKind, typed: Values, stored: Integration | None = None) -> dict[str, str]:
    """The fields as they are stored, with secrets that were left empty taken from the stored integration.

    Raises BadInput.
    """
    before = values_of(stored) if stored is not None else {}
    values: dict[str, str] = {}
    for field in (f for f in kind.fields if not f.secret):
        if field.name not in typed and stored is not None:
            values[field.name] = before[field.name]
            continue
        values[field.name] = _cleaned(field, typed.get(field.name, field.default).strip())
    # Stored secrets go nowhere but where they were saved for, or a changed site would carry them off.
    same_place = stored is not None and kind.place({**before, **values}) == kind.place(before)
    for field in (f for f in kind.fields if f.secret):
        text = typed.get(field.name, "").strip()
        if not text and stored is not None and before[field.name]:
            if not same_place:
                word = field.label[0].lower() + field.label[1:].lower()
                raise BadInput(f"The stored {word} belongs to the old place. Enter it again.", field.name)
            text = before[field.name]
        values[field.name] = _cleaned(field, text)
    return values


def _cleaned(field: Field, text: str) -> str:
    if field.switch:
        return "1" if text in ("1", "y", "on", "true") else ""
    if not text:
        # A list that the PSA fills is chosen from later.
        if field.required and field.live is None:
            raise BadInput(f"{field.label} is needed.", field.name)
        return ""
    if len(text) > 2000 or not text.isprintable():
        raise BadInput(f"{field.label} is too long, or holds characters that cannot be.", field.name)
    if field.choices and text not in {value for value, _ in field.choices}:
        raise BadInput(f"{field.label} is one of: {', '.join(words for _, words in field.choices)}.", field.name)
    try:
        return field.clean(text)
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(str(error), field.name) from None


def live_choices(kind: PsaKind, connector: Connector) -> dict[str, list[Choice]]:
    """The lists that the PSA fills, by field; one that it refuses stays empty."""
    found: dict[str, list[Choice]] = {}
    for field in kind.fields:
        if field.live is None:
            continue
        try:
            found[field.name] = list(field.live(connector))
        except PsaError:
            found[field.name] = []
    return found


def completed(kind: PsaKind, values: Values, connector: Connector) -> dict[str, str]:
    """The fields, with those chosen that were left open and can only mean one thing.

    Raises BadInput where fields do not fit the PSA, and PsaError.
    """
    whole = dict(values)
    if any(field.live is not None and not whole.get(field.name) for field in kind.fields):
        suggested = kind.suggest(whole, connector)
        whole |= {name: value for name, value in suggested.items() if not whole.get(name)}
    kind.check(whole, connector)
    return whole
