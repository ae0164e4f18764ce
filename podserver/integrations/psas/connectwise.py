"""ConnectWise PSA: keys of an API member, and the pod by its Hosted API."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from connectors.base import Connector, PodSetup, Rejected
from connectors.connectwise import CONTACT_SCREEN, LIMITS, SERVICE_SCREEN, ConnectWise, parse_site
from podserver.integrations.models import Psa
from podserver.integrations.psas.kind import Field, Frame, PsaKind, Reach, Step, Values

_KEYS = "System > Members > API Members > your API member > API Keys"
_DESCRIPTION = "Caller verification"


def _site(text: str) -> str:
    try:
        parse_site(text)
    except Rejected as error:
        raise ValueError(str(error)) from None
    return text


def _company(text: str) -> str:
    if not text.isascii() or not all(c.isalnum() or c in "_-." for c in text) or len(text) > 50:
        raise ValueError("The company is the short name that your technicians type when they sign in to ConnectWise.")
    return text


def _key(word: str, text: str) -> str:
    if not 8 <= len(text) <= 100 or not all("!" <= c <= "~" and c != ":" for c in text):
        raise ValueError(
            f"The {word} key is not a key; copy it from System > Members > API Members > API Keys."
        )  # fmt: skip
    return text


def _client_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(
            "The client ID is a GUID; ConnectWise's developer site issues it for your integration."
        ) from None


def _make(values: Values, reach: Reach) -> ConnectWise:
    return ConnectWise(
        values["site"], values["company"], values["public_key"], values["private_key"], values["client_id"],
        timeout=reach.timeout, observer=reach.observer, gate=reach.gate,
    )  # fmt: skip


def _origins(values: Values, _connector: Connector | None) -> tuple[str, ...]:
    return (parse_site(values["site"]).ui_origin,)


def _url(base_url: str, pod_key: str) -> str:
    return f"{base_url}/pod/connectwise/{pod_key}?id=[cw_id]&screen=[cw_screen]"


def _setups(url: str, base_url: str, height: int) -> list[PodSetup]:
    return [
        PodSetup(screen=screen, description=_DESCRIPTION, url=url, origin=base_url, height=height)
        for screen in (SERVICE_SCREEN, CONTACT_SCREEN)
    ]


def _steps(url: str, base_url: str, _height: int) -> Sequence[Step]:
    return [
        Step("Description", _DESCRIPTION),
        Step("Screen, Service", SERVICE_SCREEN),
        Step("Screen, Contact", CONTACT_SCREEN),
        Step("URL", url),
        Step("Origin", base_url),
        Step("Pod height", "600"),
        Step("or taller", "800"),
    ]


KIND = PsaKind(
    psa=Psa.CONNECTWISE,
    title="ConnectWise",
    fields=(
        Field(
            "site", "Site", "The address at which your technicians sign in, such as na.myconnectwise.net.", clean=_site
        ),
        Field("company", "Company", "The company that your technicians type when they sign in.", clean=_company),
        Field("public_key", "Public Key", f"{_KEYS}.", secret=True, clean=lambda text: _key("public", text)),
        Field(
            "private_key", "Private Key", f"{_KEYS}. ConnectWise shows it once, when it is made.",
            secret=True, clean=lambda text: _key("private", text),
        ),
        Field(
            "client_id", "Client ID", "developer.connectwise.com > Client ID. A GUID, one for each integration.",
            clean=_client_id,
        ),
    ),
    limits=LIMITS,
    place=lambda values: f"{parse_site(values['site']).api_origin} {values['company'].casefold()}",
    site=lambda values: f"{values['site']}, {values['company']}",
    hosts=lambda values: (parse_site(values["site"]).api_origin,),
    make=_make,
    frame=Frame(
        url=_url,
        origins=_origins,
        setups=_setups,
        steps=_steps,
        path="System > Setup Tables > Manage Hosted API > +, once for each screen",
        heights=(600, 800),
        install_words=(
            "ConnectWise shows the pod where its set-up table says so. podserver can write both rows itself; "
            "it finds rows that are there, and doubles none."
        ),
    ),
)  # fmt: skip
