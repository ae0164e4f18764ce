"""ConnectWise as host of the pod: sign-in through the Hosted API, besides what every door has.

The page asks its parent window who the member is and posts the answer here. Nothing of it is believed: the proof
goes to the *configured* ConnectWise, and only a member whom it confirms is signed in. Where it cannot confirm, the
page goes on with a kept sign-in of the same member, or offers a password.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from sqlalchemy.exc import IntegrityError

from connectors.base import BadCredentials, Member, PsaError
from podserver.accounts import service as accounts
from podserver.accounts.models import User
from podserver.database import release, writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.logs import redact
from podserver.pod.door import door_of
from podserver.pod.kept import end_kept_of_others
from podserver.pod.knock import Host, Knock, Refused, knock, note_opened, token
from podserver.security import failures

# Its set-up table fills [cw_id] and [cw_screen] into the frame's address.
HOST = Host("connectwise", "ConnectWise", "a ConnectWise ticket", vouches=True, screen_field="screen")
blueprint = door_of(HOST)


@blueprint.post("/<pod_key>/session")
def member_session(pod_key: str) -> Any:
    """Sign in a member whom the configured ConnectWise confirms. Public: the proof is in the body.

    Form fields besides a knock's: ``memberid, memberHash, memberContext`` as the parent window gave them. Answers
    ``{token, name, kept}`` or ``{problem, password}``.
    """
    at_door = knock(HOST, pod_key)
    integration, session = at_door.integration, at_door.session
    identifier = request.form.get("memberid", "")[:200]
    buckets = [(failures.MEMBER, f"{integration.id}:{identifier}"), (failures.INTEGRATION, str(integration.id))]
    closed = failures.closed_for(session, buckets, at_door.at)
    release(session)
    if closed:
        raise Refused(f"Too many failed sign-ins. Try again in {-(-closed // 60)} min.", 429)
    try:
        member = _confirm(integration, identifier)
    except BadCredentials:
        _count_refusal(at_door, identifier, buckets)
        raise Refused("ConnectWise did not confirm who you are. Sign in with your podserver password.", 403) from None
    except PsaError as error:
        raise Refused(f"{error} Until it answers, sign in with your podserver password.", 503) from None
    try:
        user = _enter(at_door, member)
    except IntegrityError:
        # Somebody's first two pods came at once, and the other one made the user.
        user = _enter(at_door, member)
    end_kept_of_others(at_door, user)
    if user is None or not user.active:
        raise Refused("You have no access to podserver. An admin can give it under Users.", 403, password=False)
    return token(at_door, user)


def _enter(at_door: Knock, member: Member) -> User | None:
    with writing(at_door.session) as session:
        user = accounts.user_of_member(
            session,
            tenant=at_door.integration.tenant,
            integration_id=at_door.integration.id,
            member=member.identifier,
            name=member.name,
            at=at_door.at,
        )
        if user is not None and user.active:
            note_opened(at_door, user, "ConnectWise")
    return user


def _confirm(integration: Integration, identifier: str) -> Member:
    connections: Connections = current_app.extensions["connections"]
    return connections.to(integration).confirm_member(
        identifier, request.form.get("memberHash", "")[:2100], request.form.get("memberContext", "")[:200]
    )


def _count_refusal(at_door: Knock, identifier: str, buckets: list[tuple[failures.Bucket, str]]) -> None:
    with writing(at_door.session) as session:
        failures.count(session, buckets, at_door.at)
        # A stranger's words, in a record that never forgets: nothing that looks like a number or an address stays.
        detail = {"claimed member": redact("".join(c for c in identifier if c.isprintable())[:60])}
        subject = Subject(integration_id=at_door.integration.id)
        record(session, at_door.at, Entry(Kind.POD_REFUSED, subject, detail=detail))
