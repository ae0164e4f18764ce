"""A member whom the PSA itself confirms signs in with that alone, as the user that they are here.

Which PSA, and what it is asked, is the door's own. Failures are counted per member and per integration.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from sqlalchemy.exc import IntegrityError

from connectors.base import BadCredentials, Member, PsaError
from podserver.accounts import service as accounts
from podserver.accounts.models import User
from podserver.database import release, writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.logs import redact
from podserver.pod.kept import end_kept_of_others
from podserver.pod.knock import Knock, Refused, note_opened, token
from podserver.security import failures


def let_in_member(at_door: Knock, psa: str, identifier: str, confirm: Callable[[], Member]) -> Response:
    """Sign in whom ``confirm`` confirms; it asks the PSA named ``psa`` in sentences, and raises PsaError.

    Raises Refused; where the PSA cannot confirm anybody, the form may help.
    """
    refuse_if_closed(at_door, identifier)
    try:
        member = confirm()
    except BadCredentials:
        count_refusal(at_door, identifier)
        raise Refused(f"{psa} did not confirm who you are. Sign in with your podserver password.", 403) from None
    except PsaError as error:
        raise Refused(f"{error} Until it answers, sign in with your podserver password.", 503) from None
    try:
        user = _enter(at_door, psa, member)
    except IntegrityError:
        # Somebody's first two pods came at once, and the other one made the user.
        user = _enter(at_door, psa, member)
    end_kept_of_others(at_door, user)
    if user is None or not user.active:
        raise Refused("You have no access to podserver. An admin can give it under Users.", 403, password=False)
    return token(at_door, user)


def refuse_if_closed(at_door: Knock, identifier: str) -> None:
    """Ask nobody about a member of whom too much was forged. Raises Refused; no transaction is open afterwards."""
    closed = failures.closed_for(at_door.session, _buckets(at_door, identifier), at_door.at)
    release(at_door.session)
    if closed:
        raise Refused(f"Too many failed sign-ins. Try again in {-(-closed // 60)} min.", 429)


def count_refusal(at_door: Knock, identifier: str) -> None:
    """Count, and write down, that somebody was named who is not confirmed."""
    with writing(at_door.session) as session:
        failures.count(session, _buckets(at_door, identifier), at_door.at)
        # A stranger's words, in a record that never forgets: nothing that looks like a number or an address stays.
        detail = {"claimed member": redact("".join(c for c in identifier if c.isprintable())[:60])}
        subject = Subject(integration_id=at_door.integration.id)
        record(session, at_door.at, Entry(Kind.POD_REFUSED, subject, detail=detail))


def _buckets(at_door: Knock, identifier: str) -> list[tuple[failures.Bucket, str]]:
    integration = at_door.integration.id
    return [(failures.MEMBER, f"{integration}:{identifier}"), (failures.INTEGRATION, str(integration))]


def _enter(at_door: Knock, psa: str, member: Member) -> User | None:
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
            note_opened(at_door, user, psa)
    return user
