"""Who may call the pod's endpoints: the token of the header, and the user and integration behind it, read anew.

One SELECT finds out all of it, with the kept answers about the record and the contact, so that a request needs no
second one. On the portal's own pages a second one looks at the portal's sign-in: a pod there ends with it, and what is
done in it, as opposed to looked at, keeps it alive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final, NamedTuple, cast

from flask import Response, abort, after_this_request, g, request
from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from connectors.base import Contact
from podserver.accounts import service as accounts
from podserver.accounts.models import Msp, Role, Tenant, User
from podserver.database import begin_read, begin_write, db, now
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.integrations.models import Integration
from podserver.pod.models import PsaRecord
from podserver.pod.reaching import Kept, Reachable, reachable, read_kept
from podserver.pod.service import client_of, ticket_of
from podserver.pod.standing import Standing, of, read_standing, standing_of, with_standing
from podserver.policies.models import PolicyRow
from podserver.policies.policy import Policy, effective
from podserver.security import pod_token
from podserver.security.pod_token import PodSession
from podserver.tenancy import bind_tenant, look
from podserver.tools import AUTHENTICATOR, tools_of
from podserver.verification.asking import Asker, Caller


class _Msp(NamedTuple):
    """An :class:`Msp`, as one SELECT tells of it among other things."""

    id: int
    name: str
    hash_key: str
    region: str
    minutes_cached: int
    tools: str
    sends_per_hour: int | None
    technician_sends_per_hour: int | None


_ENDED = "Your sign-in has ended. Reload the pod."
_default, _own = aliased(PolicyRow), aliased(PolicyRow)
# Made once: building it and finding its compiled form would cost each request more than running it.
_VISITOR = (
    select(
        User.name,
        User.role,
        User.active,
        User.password_set_at,
        Integration.active,
        PsaRecord.payload,
        _default.settings.label("default_policy"),
        _own.settings.label("own_policy"),
        MicrosoftDirectory.push_enabled,
        *(getattr(Tenant, name) for name in _Msp._fields),
    )
    .join(Tenant, Tenant.id == User.tenant_id)
    .join(Integration, Integration.id == bindparam("integration"))
    .outerjoin(PsaRecord, and_(PsaRecord.integration_id == Integration.id, PsaRecord.key == bindparam("contact")))
    .outerjoin(_default, _default.integration_id.is_(None))
    .outerjoin(_own, and_(_own.integration_id == Integration.id, _own.company == bindparam("company")))
    .outerjoin(
        MicrosoftDirectory,
        and_(MicrosoftDirectory.integration_id == Integration.id, MicrosoftDirectory.company == bindparam("company")),
    )
    .where(User.id == bindparam("user"))
)
_COLUMNS: Final = len(_VISITOR.column_descriptions)
_VISITOR_AND_STANDING = with_standing(cast("Select[Any]", _VISITOR))


class Technician(NamedTuple):
    """Who sits in front of the pod; an admin or an auditor too."""

    id: int
    name: str
    role: Role


@dataclass(slots=True)
class Visit:
    """One request to a pod, by somebody who may make it, and the policy of the client whose contact it shows.

    ``ready`` are the ways to reach people that are set up for this client.
    """

    pod: PodSession
    user: Technician
    tenant: Msp
    policy: Policy
    ready: frozenset[str]
    contact_payload: str | None
    at: datetime
    session: Session
    known_standing: Standing | None = None

    @property
    def integration_id(self) -> int:
        """The integration that the pod belongs to."""
        return self.pod.integration

    @property
    def integration(self) -> Integration:
        """The integration itself, whose keys open the PSA; a SELECT of its own, as few requests want it."""
        return self.session.get_one(Integration, self.pod.integration)

    @property
    def standing(self) -> Standing:
        """How the caller stands."""
        if self.known_standing is not None:
            return self.known_standing
        return standing_of(self.session, integration_id=self.integration_id, contact=self.pod.contact, at=self.at)

    @property
    def ticket(self) -> str:
        """The PSA's id of the ticket, empty on a contact's screen."""
        return ticket_of(self.pod.record)

    @property
    def called(self) -> str:
        """What people call the ticket, empty on a contact's screen."""
        return self.pod.called or self.ticket

    @property
    def asker(self) -> Asker:
        """The technician."""
        return Asker(self.user.id, self.user.name)

    def again(self, pod: PodSession) -> Visit:
        """This request, as it is seen now with a session that says more."""
        return _look(self.session, pod, self.at)

    def kept(self) -> Kept:
        """The caller as the PSA last told, and what is remembered of them. Answers 409 where it has not told yet, or
        where the contact has moved to another client since, whose policy would count."""
        if self.contact_payload is None:
            abort(409, "The caller's details are gone. Reload the pod.")
        kept = read_kept(self.contact_payload)
        of_record = kept.contact.company is None and client_of(self.session, self.integration_id, self.pod.record)
        if (of_record or company_of(kept.contact)) != self.pod.company:
            abort(409, "The caller belongs to another company now. Reload the pod.")
        return kept

    def caller(self, contact: Contact, summary: str = "") -> Caller:
        """Whom and what a verification is for."""
        return Caller(
            integration_id=self.integration_id,
            contact=contact.ref,
            contact_name=contact.name,
            company_name=contact.company.name if contact.company else "",
            ticket=self.called,
            ticket_ref=self.ticket,
            company=self.pod.company,
            summary=summary,
        )

    def destinations(self, kept: Kept) -> list[Reachable]:
        """Every way to reach the caller, whether a method fits it or not."""
        return reachable(kept, tenant=self.tenant, integration_id=self.integration_id, at=self.at)


def company_of(contact: Contact) -> str:
    """The PSA's id of the client that a contact belongs to; empty where there is none."""
    return contact.company.ref[:40] if contact.company else ""


def pod_visit(
    *, writes: bool = False, standing: bool = False, roles: tuple[Role, ...] = tuple(Role)
) -> Callable[..., Any]:
    """Let a view be called with a live pod token only; it gets the :class:`Visit` first.

    ``writes`` opens the transaction as a writing one. ``standing`` finds out in the same SELECT how the contact stands.
    A token that is to run out soon is renewed in the answer's header. 401 asks the page to sign in again, 403 is final.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            visit = _visit(writes, standing)
            if visit.user.role not in roles:
                abort(403, "Your role may look, not verify.")
            return view(visit, *args, **kwargs)

        return guarded

    return decorate


def _visit(writes: bool, standing: bool) -> Visit:
    at = now()
    try:
        pod, issued = pod_token.read(request.headers.get(pod_token.HEADER, ""), at)
    except pod_token.BadToken:
        abort(401, _ENDED)
    session = db.session()
    bind_tenant(session, pod.tenant)
    if writes:
        begin_write(session)
    else:
        begin_read(session)
    visit = _look(session, pod, at, standing=standing)
    if pod.sign_in and not accounts.used(session, pod.sign_in, pod.user, at, touches=writes):
        abort(401, _ENDED)
    if at - issued > pod_token.RENEW_AFTER:
        hand_out(pod, at)
    return visit


def _look(session: Session, pod: PodSession, at: datetime, *, standing: bool = False) -> Visit:
    known = {
        "user": pod.user,
        "integration": pod.integration,
        "contact": f"contact:{pod.contact}",
        "company": pod.company,
    }
    statement, also = (_VISITOR_AND_STANDING, of(pod.contact, at)) if standing else (_VISITOR, {})
    found = look(session, statement, {**known, **also}).all()
    if not found:
        abort(401, _ENDED)
    name, role, active, password_set_at, connected, payload, default_policy, own_policy, pushes, *msp = found[0][
        :_COLUMNS
    ]
    if not active or not connected:
        abort(401, _ENDED)
    if password_set_at is not None and pod.since < int(password_set_at.timestamp()):
        abort(401, _ENDED)
    tenant = _Msp(*msp)
    ready = tools_of(tenant) | ({AUTHENTICATOR} if pushes else frozenset())
    return Visit(
        pod=pod,
        user=Technician(pod.user, name, Role(role)),
        tenant=tenant,
        policy=effective(default_policy, own_policy),
        ready=ready,
        contact_payload=payload,
        at=at,
        session=session,
        known_standing=read_standing(found, at) if standing else None,
    )


def hand_out(pod: PodSession, at: datetime) -> None:
    """Send a token with the answer of this request; the last one handed out wins."""
    try:
        g.pod_token = pod_token.issue(pod, at)
    except pod_token.BadToken:
        return
    if g.get("pod_token_sender"):
        return
    g.pod_token_sender = True

    @after_this_request
    def _send(response: Response) -> Response:
        response.headers[pod_token.HEADER] = g.pod_token
        return response
