"""Who knocks at a pod's door: our own page in a frame of a PSA, and how a door lets in or refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from flask import Response, jsonify, request
from sqlalchemy.orm import Session

from podserver.accounts.models import User
from podserver.database import db, now, release
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import service as integrations
from podserver.integrations.models import Integration
from podserver.pod.address import FrameAddress, Query
from podserver.pod.service import BadRecord, record_key, ticket_of
from podserver.security import pod_token
from podserver.security.day_cookie import Day
from podserver.security.pod_token import PodSession
from podserver.security.same_origin import from_our_page
from podserver.tenancy import bind_tenant

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.:\[\]-]{3,190}")
_NO_POD: Final = "This pod's address is not known. Copy it anew from podserver."


@dataclass(frozen=True, slots=True)
class Host:
    """A PSA that the pod is framed by. ``psa`` is its word in addresses, ``name`` its name in sentences, and
    ``ticket`` what a ticket of it is called, with its article.

    ``vouches`` says that the PSA's page, asked by ours, tells who sits there, and that the PSA confirms it.
    ``screen_field``, ``id_field``, ``member_field``, ``proof_field`` and ``dark_field`` are the parameters of the
    frame's address; a PSA that names no screen has pods on ``screen`` alone. ``tokens`` says, where its address may
    come without a record, what has to stand in it: whoever has signed in then looks for the record. ``refuse`` finds
    what is wrong with an address, its raw query in hand, as a sentence.
    """

    psa: str
    name: str
    ticket: str
    vouches: bool = False
    id_field: str = "id"
    screen_field: str = ""
    screen: str = "ticket"
    member_field: str = ""
    proof_field: str = ""
    dark_field: str = ""
    tokens: str = ""
    refuse: Callable[[Integration, bytes], str] | None = None

    def read(self, query: bytes) -> FrameAddress:
        """What a frame's address names."""
        said = Query(query)
        address = FrameAddress(
            screen=said.text(self.screen_field) if self.screen_field else self.screen,
            record_id=said.text(self.id_field),
            member=said.number(self.member_field) if self.member_field else "",
            proof=said.proof(self.proof_field) if self.proof_field else "",
            dark={"true": True, "false": False}.get(said.text(self.dark_field).casefold()) if self.dark_field else None,
        )
        return address if not self.tokens or _names_record(address) else replace(address, screen="", record_id="")


def _names_record(address: FrameAddress) -> bool:
    try:
        record_key(address.screen, address.record_id)
    except BadRecord:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Knock:
    """Our own page asks to be let in: to which integration's pod, on which record. The session is bound to the tenant.

    ``record`` is empty where the frame's address named none, and the technician is to look for it.
    ``member`` is who the PSA's page says is sitting there, in lower case and unproven.
    """

    integration: Integration
    record: str
    member: str
    at: datetime
    session: Session


class Refused(Exception):
    """Nobody is let in; the message is a sentence for the technician. ``password`` says whether the form may help.

    ``forget`` takes the browser's kept sign-in away.
    """

    def __init__(self, problem: str, status: int, *, password: bool = True, forget: bool = False) -> None:
        super().__init__(problem)
        self.status, self.password, self.forget = status, password, forget


def knock(host: Host, pod_key: str) -> Knock:
    """Who may ask anything of a door: our own page, for a record of an active integration of this PSA. Raises Refused.

    Form fields of every POST: ``id, screen`` (the record), ``parent`` (the parent window's origin), and ``memberid``
    where the PSA's page named a member.
    """
    at, session = now(), db.session()
    integration = integrations.by_pod_key(session, pod_key)
    release(session)
    if integration is None or integration.psa != host.psa or not from_our_page():
        raise Refused(_NO_POD, 404, password=False)
    bind_tenant(session, integration.tenant_id)
    screen, record_id = request.form.get("screen", ""), request.form.get("id", "")
    try:
        key = record_key(screen, record_id) if record_id or not host.tokens else ""
    except BadRecord as error:
        raise Refused(str(error), 422, password=False) from None
    return Knock(integration, key, request.form.get("memberid", "")[:100].casefold(), at, session)


def note_opened(at_door: Knock, user: User, by: str) -> None:
    """Write down that a pod was opened, and by which way in; in the caller's transaction."""
    origin = request.form.get("parent", "")
    integrations.note_loaded(
        at_door.session, at_door.integration, origin if _ORIGIN.fullmatch(origin) else "", at_door.at
    )
    subject = Subject(integration_id=at_door.integration.id, ticket=ticket_of(at_door.record))
    record(at_door.session, at_door.at, Entry(Kind.POD_OPENED, subject, user.name, {"signed in by": by}))


def token(at_door: Knock, user: User, day: Day | None = None) -> Response:
    """Let a user in: the pod's token, and whether the pod is to offer a way out. ``day`` is what the browser keeps."""
    since = day.since if day else int(at_door.at.timestamp())
    pod = PodSession(
        tenant=at_door.integration.tenant_id,
        integration=at_door.integration.id,
        user=user.id,
        record=at_door.record,
        contact="",
        chosen=False,
        since=since,
    )
    return jsonify(token=pod_token.issue(pod, at_door.at), name=user.name, kept=day is not None)
