"""SuperOps: a technician's API token, and no place for a frame; its tickets are worked on in the portal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.base import Choice, Connector, Rejected
from connectors.superops import LIMITS, SuperOps, api_url, field_key, parse_subdomain
from podserver.integrations.models import Psa
from podserver.integrations.psas.kind import BadInput, Field, PsaKind, Reach, Values


def _said(read: Callable[[str], str]) -> Callable[[str], str]:
    """A reader of the connector whose refusal is told to the admin."""

    def clean(text: str) -> str:
        try:
            return read(text)
        except Rejected as error:
            raise ValueError(str(error)) from None

    return clean


def _region(text: str) -> str:
    api_url(text)
    return text.lower()


def _address(text: str) -> str:
    if len(text) > 250 or text.count("@") != 1 or any(c.isspace() for c in text):
        raise ValueError("The technician is named by the e-mail address with which they sign in to SuperOps.")
    return text


def _names(text: str) -> str:
    return ", ".join(name for part in text.split(",") if (name := part.strip()))


def _make(values: Values, reach: Reach) -> SuperOps:
    closed = [name for name in values.get("closed_statuses", "").split(", ") if name]
    return SuperOps(
        values["region"], values["subdomain"], values["token"], values["technician"],
        **({"closed_statuses": closed} if closed else {}),
        mobile_field=values.get("mobile_field", ""), request_type=values.get("request_type", ""),
        timeout=reach.timeout, observer=reach.observer, gate=reach.gate,
    )  # fmt: skip


def _mobile_fields(connector: Connector) -> Sequence[Choice]:
    found = connector.mobile_fields() if isinstance(connector, SuperOps) else ()
    named = next((each.name for each in found if each.default), "none has one of the six names")
    return [Choice("", f"By its name: {named}"), *(Choice(each.ref, each.name) for each in found)]


def _suggest(_values: Values, connector: Connector) -> Mapping[str, str]:
    """SuperOps tells neither which statuses close a ticket nor a default request type: the usual names, if they are
    there.
    """
    closing = [status.name for status in connector.statuses("") if status.closed]
    types = connector.types("")
    usual = [kind.name for kind in types if kind.default] or [kind.name for kind in types][:1]
    return {"closed_statuses": ", ".join(closing), "request_type": "".join(usual)}


def _check(values: Values, connector: Connector) -> None:
    for field, word, offered in (
        ("closed_statuses", "status", [status.name for status in connector.statuses("")]),
        ("request_type", "request type", [kind.name for kind in connector.types("")]),
    ):
        known = {name.casefold() for name in offered}
        for name in filter(None, values.get(field, "").split(", ")):
            if known and name.casefold() not in known:
                raise BadInput(f"SuperOps has no {word} called {name}. It has: {', '.join(offered)}.", field)


KIND = PsaKind(
    psa=Psa.SUPEROPS,
    title="SuperOps",
    fields=(
        Field(
            "region", "Region", "us or eu: the data centre in which your account is.",
            default="us", clean=_said(_region),
        ),
        Field(
            "subdomain", "Subdomain",
            "Settings > MSP Information: northgateit where you sign in at northgateit.superops.ai.",
            clean=_said(parse_subdomain),
        ),
        Field(
            "token", "API token",
            "Settings > My Profile > API token, of a technician for podserver alone. A new token ends the former one.",
            secret=True,
        ),
        Field(
            "technician", "Technician", "The e-mail address of the technician whose token it is.", clean=_address
        ),
        Field(
            "closed_statuses", "Closed statuses",
            "Statuses that close a ticket, with commas between. SuperOps does not tell. Left empty, it is Closed.",
            required=False, clean=_names,
        ),
        Field(
            "request_type", "Request type", "Goes with a new ticket that names none. Left empty, it is Incident.",
            required=False,
        ),
        Field(
            "mobile_field", "Mobile number",
            "The custom field of requesters that holds it. By its name means: Mobile phone, Mobile number, Cell phone, "
            "Cell number, Cell or Mobile.",
            required=False, live=_mobile_fields, clean=_said(field_key),
        ),
    ),
    limits=LIMITS,
    place=lambda values: f"{api_url(values['region'])} {values['subdomain']}",
    site=lambda values: f"{values['subdomain']}, {values['region']}",
    hosts=lambda values: (api_url(values["region"]),),
    make=_make,
    suggest=_suggest,
    check=_check,
)  # fmt: skip
