"""Forms of sign-in, users and the tenant's settings."""

from __future__ import annotations

from wtforms import BooleanField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from podserver.accounts.models import Role
from podserver.accounts.service import SHORTEST_PASSWORD
from podserver.portal.forms import LineField, PortalForm, SecretField, WholeNumber

_ROLES = [
    SelectChoice(Role.ADMIN.value, "Admin: everything"),
    SelectChoice(Role.TECHNICIAN.value, "Technician: verifies callers, reads own history"),
    SelectChoice(Role.AUDITOR.value, "Auditor: reads the whole history"),
]


_GOOD = f"{SHORTEST_PASSWORD} characters or more; a sentence is a good one."


class SignInForm(PortalForm):
    """Who is there."""

    email = LineField("E-mail", [InputRequired("Enter your e-mail address.")], render_kw={"type": "email"})
    password = SecretField("Password", [InputRequired("Enter your password.")])


class UserForm(PortalForm):
    """What may be changed of a user."""

    role = RadioField("Role", choices=_ROLES, validate_choice=True)
    active = BooleanField("May sign in", description="Off ends the portal and every open pod of this user at once.")


class ChangePasswordForm(PortalForm):
    """The old password and the new one."""

    current = SecretField("Password until now", [InputRequired("Enter the password that you have.")])
    new = SecretField("New password", [InputRequired("A password is needed.")], description=_GOOD)


class SetPasswordForm(PortalForm):
    """A first password, or a new one in place of one that is forgotten."""

    new = SecretField("Password", [InputRequired("A password is needed.")], description=_GOOD)


class NewUserForm(PortalForm):
    """A user who will sign in with a password, which they set themselves."""

    name = LineField("Name", [InputRequired("A name is needed.")])
    email = LineField(
        "E-mail",
        [InputRequired("An e-mail address is needed.")],
        description="To sign in with.",
        render_kw={"type": "email"},
    )
    role = RadioField("Role", choices=_ROLES, default=Role.TECHNICIAN.value)


class SettingsForm(PortalForm):
    """What an admin decides for everybody."""

    members_may_join = BooleanField(
        "Members of the PSA may join",
        description="Whom the PSA confirms becomes a technician at their first pod. Off: an admin adds everybody.",
    )
    sends_per_hour = WholeNumber(
        "Messages an hour, everybody together", [Optional()], description="Empty is no limit of your own."
    )
    technician_sends_per_hour = WholeNumber(
        "Messages an hour, each technician", [Optional()], description="Empty is no limit of your own."
    )
