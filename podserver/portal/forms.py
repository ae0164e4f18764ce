"""What the portal's forms share."""

from __future__ import annotations

from typing import Any, Protocol

from flask_wtf import FlaskForm
from wtforms import IntegerField, PasswordField, StringField


class Blame(Protocol):
    """An error that may know its field."""

    field: str


class PortalForm(FlaskForm):
    """A form that says what is wrong beside the field, and keeps what was typed."""

    def blame(self, error: Exception) -> None:
        """Show a rule's refusal beside its field, or above the form where it names none."""
        name = getattr(error, "field", "")
        if name in self._fields:
            self._fields[name].errors = [*self._fields[name].errors, str(error)]
        else:
            self.form_errors.append(str(error))

    @property
    def problems(self) -> list[str]:
        """What is wrong with the form as a whole."""
        return [str(error) for error in self.form_errors]


class LineField(StringField):
    """One line of text; control characters, which no database or PSA takes, are left out."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed."""
        if valuelist:
            self.data = "".join(c for c in valuelist[0] if c.isprintable()).strip()


class SecretField(PasswordField):
    """A field whose value never goes back into a page. ``stored`` says whether an empty one keeps something."""

    stored = False

    def process_data(self, _value: Any) -> None:
        """A stored secret is not for the form."""
        self.data: str | None = None


class WholeNumber(IntegerField):
    """A whole number; what is none stays in the field beside a plain sentence."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed."""
        self.data = None
        text = valuelist[0].strip() if valuelist else ""
        if not text:
            return
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise ValueError("This is a whole number.")
        self.data = int(text)
