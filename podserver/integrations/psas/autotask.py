"""Autotask PSA: an API user with its tracking identifier, the publish values of notes, and the pod as an insight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from connectors.autotask import (
    CANONICALISERS,
    LIMITS,
    TICKET_SCREEN,
    Autotask,
    NoteValues,
    Zone,
    fitting,
    parse_zone,
)
from connectors.base import Choice, Connector, PodSetup, PsaError, Rejected
from podserver.integrations.models import Psa
from podserver.integrations.psas.kind import BadInput, Field, Frame, PsaKind, Reach, Step, Values

NOT_CHECKED: Final = "off"
LIVELINK_FIELD: Final = "ticketId"
"""The field of a LiveLink that holds the variable of the ticket's ID."""

_API_USER: Final = "Admin > Resources/Users (HR) > Resources/Users > your API user"
_DESCRIPTION: Final = "Caller verification"
_LISTS: Final = ("internal_publish", "public_publish", "note_type")


def _key(word: str, text: str) -> str:
    if len(text) > 200 or not all("!" <= c <= "~" for c in text):
        raise ValueError(f"The {word} is none; copy it from {_API_USER}.")
    return text


def _zone_text(text: str) -> str:
    try:
        parse_zone(text)
    except Rejected as error:
        raise ValueError(str(error)) from None
    return text.lower()


def _insight_secret(text: str) -> str:
    if not 12 <= len(text) <= 64:
        raise ValueError("The insight secret has 12 to 64 characters. Make it up, long and at random.")
    return text


def _zone(values: Values) -> Zone:
    return parse_zone(values["zone"])


def _make(values: Values, reach: Reach) -> Autotask:
    return Autotask(
        values["user"], values["api_secret"], values["tracking_identifier"], zone=values["zone"],
        note_values=NoteValues(values["internal_publish"], values["public_publish"], values["note_type"]),
        insight_secret=values["insight_secret"],
        timeout=reach.timeout, observer=reach.observer, gate=reach.gate,
    )  # fmt: skip


def _publish(connector: Connector) -> Sequence[Choice]:
    return connector.publish_values() if isinstance(connector, Autotask) else ()


def _note_types(connector: Connector) -> Sequence[Choice]:
    return connector.note_types() if isinstance(connector, Autotask) else ()


def _suggest(_values: Values, connector: Connector) -> Mapping[str, str]:
    """The zone, and of the lists what id and label say alike: a wrong guess would show internal notes to clients."""
    if not isinstance(connector, Autotask):
        return {}
    found = {"zone": connector.zone()}
    try:
        for field, ref, beginnings in (("internal_publish", "2", ("intern",)), ("public_publish", "1", ("all",))):
            chosen = next((each for each in _publish(connector) if each.ref == ref), None)
            if chosen is not None and chosen.name.casefold().startswith(beginnings):
                found[field] = ref
        if any((each.ref, each.name) == ("3", "Task Notes") for each in _note_types(connector)):
            found["note_type"] = "3"
    except PsaError:
        # The list of rights says what is missing; nothing is written until an admin has chosen.
        return found
    return found


def _check(values: Values, connector: Connector) -> None:
    if values["insight_signature"] != NOT_CHECKED and not values["insight_secret"]:
        raise BadInput("To check the signature, enter the insight secret.", "insight_secret")
    if values["internal_publish"] and values["internal_publish"] == values["public_publish"]:
        raise BadInput("Internal and public notes are published alike; choose two different ones.", "public_publish")
    if any(values[name] for name in _LISTS):
        publish, types = _publish(connector), _note_types(connector)
        for name, choices in zip(_LISTS, (publish, publish, types), strict=True):
            if values[name] and values[name] not in {each.ref for each in choices}:
                raise BadInput("Autotask has this choice no more. Choose again.", name)


def _origins(values: Values, _connector: Connector | None) -> tuple[str, ...]:
    return _zone(values).ui_origins


def _url(base_url: str, pod_key: str) -> str:
    return f"{base_url}/pod/autotask/{pod_key}"


def _setups(url: str, base_url: str, height: int) -> list[PodSetup]:
    return [PodSetup(screen=TICKET_SCREEN, description=_DESCRIPTION, url=url, origin=base_url, height=height)]


def _steps(url: str, _base_url: str, _height: int) -> Sequence[Step]:
    return [
        Step("Title", _DESCRIPTION),
        Step("Reference URL", url),
        Step(
            "Integration Center",
            words="Admin > Extensions & Integrations > Other Extensions & Tools > Integration Center > the vendor > "
            "Edit: tick Active and Enable Integration Vendor Ticket Insights.",
        ),
        Step(
            "Ticket categories",
            words="Admin > Features & Settings > Service Desk (Tickets) > Ticket Categories > the category > Edit > "
            "Insights: place the insight, category by category, or it does not appear.",
        ),
        Step("LiveLink, URL", f"{url}/livelink"),
        Step("LiveLink, field", LIVELINK_FIELD),
        Step(
            "LiveLink, instead of an insight",
            words="Admin > Automation > AutoForms & LiveLinks > LiveLinks Designer: a link on tickets to this URL, by "
            "form POST or in the address, whose field holds the variable of the ticket's ID. Publish it to your "
            "technicians. It opens the ticket in podserver, which asks for the sign-in there.",
        ),
    ]


def _learn(values: Values, pod_url: str, address: str) -> tuple[Mapping[str, str], str]:
    """Which guess at the signed text fits an address that Autotask made; its words for the admin. Raises BadInput."""
    url, _, query = address.strip().partition("?")
    if urlsplit(url).path != urlsplit(pod_url).path:
        raise BadInput(f"This is no address of this pod. It begins with {pod_url}?", "address")
    if not values["insight_secret"]:
        raise BadInput("Enter the insight secret, too: without it no signature can be checked.", "secret")
    found = fitting(url, query.encode("utf-8", "replace"), values["insight_secret"])
    if not found:
        raise BadInput(
            "No known way to sign makes this address's signature with this secret. Copy the address whole, up to the "
            "signature's last sign. If it is whole, leave the signature unchecked.",
            "address",
        )
    guess = CANONICALISERS[found[0]]
    words = f"Autotask signs {guess.words}. From now on only frames with this signature are opened."
    if not guess.covers_record:
        words += " Ticket and technician are not signed, so they stay hints."
    return {"insight_signature": found[0], "insight_secret": values["insight_secret"]}, words


KIND = PsaKind(
    psa=Psa.AUTOTASK,
    title="Autotask",
    fields=(
        Field(
            "user", "Username (Key)", f"{_API_USER} > Credentials. It looks like an e-mail address.",
            clean=lambda text: _key("user name", text),
        ),
        Field(
            "api_secret", "Password (Secret)", "Autotask shows it once, when it is made.",
            secret=True, clean=lambda text: _key("secret", text),
        ),
        Field(
            "tracking_identifier", "API Tracking Identifier",
            f"{_API_USER} > API Tracking Identifier. Choose Custom (Internal Integration), unless you are a vendor "
            "in the Integration Center.",
            secret=True, clean=lambda text: _key("tracking identifier", text),
        ),
        Field(
            "zone", "Zone",
            "Empty: Autotask says where your database is. Else the address at which your technicians see Autotask, "
            "such as ww14.autotask.net.",
            required=False, clean=_zone_text,
        ),
        Field(
            "internal_publish", "Publish internal notes to",
            "Who may read them is decided by this alone. It must be one that the client portal does not show.",
            required=False, live=_publish,
        ),
        Field(
            "public_publish", "Publish public notes to", "One that the client portal shows, most often All Autotask "
            "Users.", required=False, live=_publish,
        ),
        Field(
            "note_type", "Note type", "Of every note that podserver writes.", required=False, live=_note_types,
        ),
        Field(
            "insight_secret", "Insight secret",
            "Only for an insight: a long random text of your own. Autotask signs the insight's address with it. "
            "Install the pod makes one up where this is empty.",
            secret=True, required=False, clean=_insight_secret,
        ),
        Field(
            "insight_signature", "Signature of the insight's address",
            "Autotask does not publish what it signs. Leave this off until an address of yours was checked, below; "
            "technicians sign in in the pod in any case.",
            default=NOT_CHECKED,
            choices=(
                (NOT_CHECKED, "Not checked"),
                *((name, f"Over {guess.words}") for name, guess in CANONICALISERS.items()),
            ),
        ),
    ),
    limits=LIMITS,
    # A user name belongs to one database, wherever Autotask moves it; another discovery is another world.
    place=lambda values: f"{_zone(values).discovery} {values['user'].casefold()}",
    site=lambda values: f"{urlsplit(_zone(values).base).netloc or 'Autotask'}, {values['user']}",
    hosts=lambda values: tuple(each for each in (_zone(values).discovery, _zone(values).origin) if each),
    make=_make,
    suggest=_suggest,
    check=_check,
    frame=Frame(
        url=_url,
        origins=_origins,
        setups=_setups,
        steps=_steps,
        path="the Integration Center, or as a LiveLink",
        heights=(400, 600),
        install_words=(
            "Autotask frames the pod as an insight at the right of a ticket. podserver can add the insight itself "
            "where your tracking identifier is that of a vendor in Autotask's Integration Center; everybody else uses "
            "a LiveLink."
        ),
        new_secret=lambda values: "" if values["insight_secret"] else "insight_secret",
        learn=_learn,
        signed_with="insight_secret",
        learn_words=(
            "Autotask signs the insight's address and does not publish what it signs. Open a ticket, copy the frame's "
            "address from the browser's developer tools, and podserver finds out. The address itself is not kept."
        ),
    ),
)  # fmt: skip
