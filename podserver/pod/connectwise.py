"""ConnectWise as host of the pod: the shell in the frame, and sign-in through the Hosted API.

The page asks its parent window who the member is and posts the answer here. Nothing of it is believed: the proof
goes to the *configured* ConnectWise, and only a member whom it confirms is signed in. Where it cannot confirm, the
page offers a password.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connectors.base import BadCredentials, Member, PsaError
from podserver.accounts import service as accounts
from podserver.accounts.models import User
from podserver.database import begin_read, db, now, release, writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import service as integrations
from podserver.integrations.models import Integration
from podserver.logs import redact
from podserver.pod.service import BadRecord, record_key
from podserver.security import failures, pod_token
from podserver.security.frame_policy import framed_by
from podserver.security.pod_token import PodSession
from podserver.security.same_origin import from_our_page
from podserver.tenancy import bind_tenant

blueprint = Blueprint("pod_connectwise", __name__, url_prefix="/pod/connectwise")

_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]{3,190}")


@blueprint.get("/<pod_key>")
def shell(pod_key: str) -> Any:
    """The page in the frame: paints at once, asks nobody. Public; it holds nothing but the PSA's origin."""
    session = db.session()
    begin_read(session)
    origin = integrations.framer(session, pod_key, "connectwise")
    if origin is None:
        return render_template("pod/gone.html"), 404
    framed_by(origin)
    return render_template(
        "pod/shell.html",
        origin=origin,
        pod_key=pod_key,
        record_id=request.args.get("id", ""),
        screen=request.args.get("screen", ""),
    )


@blueprint.post("/<pod_key>/session")
def member_session(pod_key: str) -> Any:
    """Sign in a member whom the configured ConnectWise confirms. Public: the proof is in the body.

    Form fields: ``memberid, memberHash, memberContext`` as the parent window gave them, ``id``, ``screen``,
    ``parent`` (its origin). Answers ``{token, name}`` or ``{problem, password}``.
    """
    at, session = now(), db.session()
    integration = integrations.by_pod_key(session, pod_key)
    release(session)
    if integration is None or not from_our_page():
        return _refuse("This pod's address is not known. Copy it anew from podserver.", 404, password=False)
    bind_tenant(session, integration.tenant_id)
    try:
        key = record_key(request.form.get("screen", ""), request.form.get("id", ""))
    except BadRecord as error:
        return _refuse(str(error), 422, password=False)
    identifier = request.form.get("memberid", "")[:200]
    buckets = [(failures.MEMBER, f"{integration.id}:{identifier}"), (failures.INTEGRATION, str(integration.id))]
    closed = failures.closed_for(session, buckets, at)
    release(session)
    if closed:
        return _refuse(f"Too many failed sign-ins. Try again in {closed // 60 + 1} min.", 429, password=True)
    try:
        member = _confirm(integration, identifier)
    except BadCredentials:
        _count_refusal(session, integration, identifier, buckets, at)
        return _refuse("ConnectWise did not confirm who you are. Sign in with your podserver password.", 403)
    except PsaError as error:
        return _refuse(f"{error} Until it answers, sign in with your podserver password.", 503)
    try:
        user = _enter(session, integration, member, key, at)
    except IntegrityError:
        # Somebody's first two pods came at once, and the other one made the user.
        user = _enter(session, integration, member, key, at)
    if user is None or not user.active:
        return _refuse("You have no access to podserver. An admin can give it under Users.", 403, password=False)
    return _token(integration, user, key, at)


def _enter(session: Session, integration: Integration, member: Member, key: str, at: datetime) -> User | None:
    with writing(session):
        user = accounts.user_of_member(
            session,
            tenant=integration.tenant,
            integration_id=integration.id,
            member=member.identifier,
            name=member.name,
            at=at,
        )
        if user is not None and user.active:
            _note_opened(session, integration, user, key, at)
    return user


def _confirm(integration: Integration, identifier: str) -> Member:
    connections: integrations.Connections = current_app.extensions["connections"]
    return connections.to(integration).confirm_member(
        identifier, request.form.get("memberHash", "")[:2100], request.form.get("memberContext", "")[:200]
    )


def _count_refusal(
    session: Session,
    integration: Integration,
    identifier: str,
    buckets: list[tuple[failures.Bucket, str]],
    at: datetime,
) -> None:
    with writing(session):
        failures.count(session, buckets, at)
        # A stranger's words, in a record that never forgets: nothing that looks like a number or an address stays.
        detail = {"claimed member": redact("".join(c for c in identifier if c.isprintable())[:60])}
        record(session, at, Entry(Kind.POD_REFUSED, Subject(integration_id=integration.id), detail=detail))


@blueprint.post("/<pod_key>/password")
def password_session(pod_key: str) -> Any:
    """Sign in with e-mail and password inside the frame. Public: the password is in the body.

    Form fields: ``email, password, id, screen, parent``. Answers as :func:`member_session` does.
    """
    at, session = now(), db.session()
    integration = integrations.by_pod_key(session, pod_key)
    release(session)
    if integration is None or not from_our_page():
        return _refuse("This pod's address is not known. Copy it anew from podserver.", 404, password=False)
    try:
        key = record_key(request.form.get("screen", ""), request.form.get("id", ""))
    except BadRecord as error:
        return _refuse(str(error), 422, password=False)
    try:
        user = accounts.password_is_right(
            session,
            email=request.form.get("email", ""),
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            at=at,
        )
    except accounts.SignInRefused as error:
        return _refuse(str(error), 403)
    if user.tenant_id != integration.tenant_id:
        return _refuse(str(accounts.SignInRefused()), 403)
    with writing(session):
        _note_opened(session, integration, user, key, at)
    return _token(integration, user, key, at)


def _note_opened(session: Session, integration: Integration, user: User, key: str, at: datetime) -> None:
    origin = request.form.get("parent", "")
    integrations.note_loaded(session, integration, origin if _ORIGIN.fullmatch(origin) else "", at)
    subject = Subject(integration_id=integration.id, ticket=key.removeprefix("ticket:") if key[0] == "t" else "")
    record(session, at, Entry(Kind.POD_OPENED, subject, user.name))


def _token(integration: Integration, user: User, key: str, at: datetime) -> Response:
    pod = PodSession(
        tenant=integration.tenant_id,
        integration=integration.id,
        user=user.id,
        record=key,
        contact="",
        chosen=False,
        since=int(at.timestamp()),
    )
    return jsonify(token=pod_token.issue(pod, at), name=user.name)


def _refuse(problem: str, status: int, *, password: bool = True) -> tuple[Response, int]:
    return jsonify(problem=problem, password=password), status
