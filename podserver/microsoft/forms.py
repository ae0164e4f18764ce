"""The forms of the Microsoft pages."""

from __future__ import annotations

from wtforms import BooleanField, DateField, RadioField
from wtforms.validators import InputRequired, Length

from podserver.portal.forms import LineField, PortalForm, SecretField


class AppForm(PortalForm):
    """The MSP's own app, in Microsoft's words."""

    client_id = LineField(
        "Application (client) ID",
        [InputRequired("The client ID is needed.")],
        description="On the app's Overview.",
    )
    client_secret = SecretField("Client secret", description="The value, not the secret ID.")
    directory = LineField(
        "Your own directory",
        [InputRequired("A domain of yours, or the directory ID, is needed.")],
        description="A domain of yours such as example.com, or the Directory (tenant) ID on the app's Overview.",
    )


class ClientForm(PortalForm):
    """Which company of the PSA, and which directory is theirs."""

    find = LineField("Client", [Length(max=80, message="A name has 80 characters at most.")])
    company = RadioField(
        "Company", validate_choice=False, validators=[InputRequired("Choose the company.")], default=""
    )
    directory = LineField(
        "The client's directory",
        [InputRequired("A domain of the client's, or the directory ID, is needed.")],
        description="A domain that the client signs in with, such as larkfield.example, or the directory (tenant) ID.",
    )


class SecretForm(PortalForm):
    """A secret that the client's administrator made."""

    secret = SecretField("Secret", [InputRequired("The secret is needed.")], description="The value, not its ID.")
    ends_on = DateField("Good until", [InputRequired("Microsoft shows the day beside the secret.")], format="%Y-%m-%d")


class AgreeForm(PortalForm):
    """What an admin says before the push is offered."""

    agreed = BooleanField(
        "The client has agreed to this in writing",
        [InputRequired("Without the client's agreement it stays off.")],
    )


class PlainForm(PortalForm):
    """A button and its token."""
