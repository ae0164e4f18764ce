"""Forms of integrations, in the PSA's own words."""

from __future__ import annotations

from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from podserver.integrations.service import POD_HEIGHTS
from podserver.portal.forms import LineField, PortalForm, SecretField

_KEYS = "System > Members > API Members > your API member > API Keys"


class ConnectWiseForm(PortalForm):
    """The fields of a ConnectWise connection. What the service refuses is shown beside the field it names."""

    name = LineField("Name", description="What you call this connection here.", default="ConnectWise")
    site = LineField(
        "Site",
        [InputRequired("The site is needed.")],
        description="The address at which your technicians sign in, such as na.myconnectwise.net.",
    )
    company = LineField(
        "Company",
        [InputRequired("The company is needed.")],
        description="The company that your technicians type when they sign in.",
    )
    public_key = SecretField("Public Key", description=f"{_KEYS}.")
    private_key = SecretField("Private Key", description=f"{_KEYS}. ConnectWise shows it once, when it is made.")
    client_id = LineField(
        "Client ID",
        [InputRequired("The client ID is needed.")],
        description="developer.connectwise.com > Client ID. A GUID, one for each integration.",
    )


class InstallForm(PortalForm):
    """How high the pod is."""

    height = RadioField(
        "Height",
        choices=[SelectChoice(str(height), f"{height} px") for height in POD_HEIGHTS],
        default=str(POD_HEIGHTS[0]),
    )


class SwitchForm(PortalForm):
    """Off or on: a button and its token."""
