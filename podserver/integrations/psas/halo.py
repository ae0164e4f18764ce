"""HaloPSA: an application's keys, two outcomes for notes, and the pod as a custom tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from connectors.base import Choice, Connector, PodSetup, PsaError, Rejected
from connectors.halo import (
    LIMITS,
    TICKET_QUERY,
    TICKET_SCREEN,
    USER_QUERY,
    USER_SCREEN,
    Halo,
    HaloAddress,
    parse_servers,
)
from podserver.integrations.models import Integration, Psa
from podserver.integrations.psas.kind import Field, Frame, PsaKind, Reach, Step, Values

SIGN_IN_OFF: Final = "off"
SIGN_IN_FILLS: Final = "pre-fill"
SIGN_IN_TRUSTED: Final = "trusted"

_API: Final = "Configuration > Integrations > HaloPSA API"
_TABS: Final = "Configuration > Custom Objects > Custom Tabs"
_TAB: Final = "Verify caller"


def _server(text: str) -> str:
    try:
        parse_servers(text)
    except Rejected as error:
        raise ValueError(str(error)) from None
    return text


def _authorisation(text: str) -> str:
    try:
        return parse_servers("https://halo.example", text).auth
    except Rejected as error:
        raise ValueError(str(error)) from None


def _origin(text: str) -> str:
    try:
        return parse_servers(text).origin
    except Rejected:
        raise ValueError("The other address is an https address, such as https://halo.example.com.") from None


def _tenant(text: str) -> str:
    if len(text) > 100 or not text.isascii() or not all(c.isalnum() or c in "._-" for c in text):
        raise ValueError(f"The tenant is the short name under {_API}.")
    return text


def _key(word: str, text: str) -> str:
    if not 8 <= len(text) <= 200 or not all("!" <= c <= "~" for c in text):
        raise ValueError(f"The {word} is none; copy it from {_API} > View Applications.")
    return text


def _tab_secret(text: str) -> str:
    if not 12 <= len(text) <= 200:
        raise ValueError("The tab's secret has 12 to 200 characters: who guesses it can name any technician.")
    return text


def _address(values: Values) -> HaloAddress:
    return parse_servers(values["resource_server"], values["authorisation_server"])


def _make(values: Values, reach: Reach) -> Halo:
    secrets = [values["tab_secret"]] if values["sign_in"] != SIGN_IN_OFF else []
    return Halo(
        values["resource_server"], values["client_id"], values["client_secret"],
        authorisation_server=values["authorisation_server"], tenant=values["tenant"],
        internal_outcome=values["internal_outcome"], public_outcome=values["public_outcome"], tab_secrets=secrets,
        timeout=reach.timeout, observer=reach.observer, gate=reach.gate,
    )  # fmt: skip


def _outcomes(connector: Connector) -> Sequence[Choice]:
    return connector.outcomes() if isinstance(connector, Halo) else ()


def _suggest(_values: Values, connector: Connector) -> Mapping[str, str]:
    if not isinstance(connector, Halo):
        return {}
    try:
        return {
            "internal_outcome": connector.likely_outcome(internal=True),
            "public_outcome": connector.likely_outcome(internal=False),
        }
    except PsaError:
        # The list of rights says what is missing; notes go out with a free outcome meanwhile.
        return {}


def sign_in_mode(integration: Integration) -> str:
    """How far the tab's signature is trusted as things are: without a secret there is nothing to check it with."""
    return integration.values.get("sign_in", SIGN_IN_OFF) if integration.secrets.get("tab_secret") else SIGN_IN_OFF


def _notices(values: Values) -> Sequence[str]:
    if values["sign_in"] == SIGN_IN_OFF or values["tab_secret"]:
        return ()
    return [
        "Technicians are not known by the tab's signature yet, as there is no tab's secret. Until there is one they "
        "sign in in the pod. Install the pod makes one up, or enter HaloPSA's above."
    ]


def _origins(values: Values, connector: Connector | None) -> tuple[str, ...]:
    told = connector.agent_origin() if isinstance(connector, Halo) else ""
    origins = (told, _address(values).origin, values["other_address"])
    return tuple(dict.fromkeys(origin for origin in origins if origin))


def _url(base_url: str, pod_key: str) -> str:
    return f"{base_url}/pod/halo/{pod_key}?{TICKET_QUERY}"


def _user_url(url: str) -> str:
    return url.replace(TICKET_QUERY, USER_QUERY)


def _setups(url: str, base_url: str, _height: int) -> list[PodSetup]:
    # The ticket's first, as it is the one that everybody needs.
    return [
        PodSetup(screen=screen, description=_TAB, url=address, origin=base_url, height=0)
        for screen, address in ((TICKET_SCREEN, url), (USER_SCREEN, _user_url(url)))
    ]


def _steps(url: str, _base_url: str, _height: int) -> Sequence[Step]:
    return [
        Step("Entity", words="Ticket, and once more User for the pod on a user's screen."),
        Step("Name", _TAB),
        Step("Type", "Iframe"),
        Step("URL, Ticket", url),
        Step("URL, User", _user_url(url)),
        Step(
            "Secure URL parameter",
            words="On, with a long random secret, which you enter above as the tab's secret, too. Older builds of "
            "HaloPSA have no such parameter: technicians sign in in the pod then.",
        ),
        Step(
            "Ticket types",
            words="Configuration > Tickets > Ticket Types > the type > Custom Tabs: allow the tab, type by type, or it "
            "does not appear.",
        ),
    ]


KIND = PsaKind(
    psa=Psa.HALO,
    title="HaloPSA",
    fields=(
        Field("resource_server", "Resource Server", f"{_API}, such as https://acme.halopsa.com/api.", clean=_server),
        Field(
            "authorisation_server", "Authorisation Server", f"{_API}. Empty where it is beside the Resource Server.",
            required=False, clean=_authorisation,
        ),
        Field("tenant", "Tenant", f"{_API}. Empty where it shows none.", required=False, clean=_tenant),
        Field(
            "client_id", "Client ID",
            f"{_API} > View Applications > your application, whose Authentication Method is Client ID and Secret "
            "(Services).",
            clean=lambda text: _key("client ID", text),
        ),
        Field(
            "client_secret", "Client Secret", "HaloPSA shows it once, when it is made.",
            secret=True, clean=lambda text: _key("client secret", text),
        ),
        Field(
            "internal_outcome", "Outcome for internal notes", "Best one that hides the note from the end user.",
            required=False, live=_outcomes,
        ),
        Field(
            "public_outcome", "Outcome for public notes", "Best one that neither hides nor mails.",
            required=False, live=_outcomes,
        ),
        Field(
            "sign_in", "Technicians by the tab's signature",
            "The signature says which agent opened the tab, but not when, and on which ticket: who once saw such an "
            "address can use it again.",
            default=SIGN_IN_FILLS,
            choices=(
                (SIGN_IN_OFF, "Off: technicians sign in in the pod"),
                (SIGN_IN_FILLS, "Name the technician, who signs in once a working day"),
                (SIGN_IN_TRUSTED, "Trust the signature alone"),
            ),
        ),
        Field(
            "tab_secret", "Tab's secret",
            f"{_TABS} > the tab > Secure URL parameter. Empty until there is one: Install the pod makes one up.",
            secret=True, required=False, clean=_tab_secret,
        ),
        Field(
            "other_address", "Other address",
            "Where your agents open HaloPSA under a second address, such as a domain of your own: that address.",
            required=False, clean=_origin,
        ),
    ),
    limits=LIMITS,
    place=lambda values: f"{_address(values).api} {_address(values).auth} {values['tenant'].casefold()}",
    site=lambda values: urlsplit(_address(values).origin).netloc,
    hosts=lambda values: (_address(values).api, _address(values).auth),
    make=_make,
    suggest=_suggest,
    frame=Frame(
        url=_url,
        origins=_origins,
        setups=_setups,
        steps=_steps,
        path=f"{_TABS} > the entity > New",
        install_words=(
            "HaloPSA shows the pod as a custom tab on tickets and users. podserver can make both tabs itself, and "
            "allow them on your ticket types, while your application has the permission admin; take it away again "
            "afterwards. It finds tabs that are there, and doubles none."
        ),
        new_secret=lambda values: "" if values["sign_in"] == SIGN_IN_OFF or values["tab_secret"] else "tab_secret",
        notices=_notices,
    ),
)  # fmt: skip
