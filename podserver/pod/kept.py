"""The working day's sign-in that a browser keeps for a frame, from the sign-in to whatever ends it.

On a computer that several people share, so in one browser profile:

- Whom the PSA confirms is who signs in; a kept sign-in of somebody else ends there and then.
- Where the PSA's page names a member but the PSA does not confirm them, a kept sign-in counts only if the same member
  was named when it was made, or is known to be that user; else it ends. That the name is unproven does no harm, as all
  it can do is to end a sign-in.
- Where the PSA says nothing, or vouches for nobody, whoever opens a ticket is who signed in last, until 8 hours are
  over. So the pod shows that name, with *Not you? Sign out* beside it.
"""

from __future__ import annotations

from flask import Response, jsonify, request

from podserver.accounts import day as days
from podserver.accounts.models import User
from podserver.database import release, writing
from podserver.pod.knock import Knock, Refused, note_opened, token
from podserver.security import day_cookie
from podserver.security.day_cookie import BadDay, Day


def let_in(at_door: Knock, user: User, by: str) -> Response:
    """Let in whoever has just signed in, in the caller's writing transaction, and let the browser keep it."""
    note_opened(at_door, user, by)
    integration = at_door.integration
    day = Day(
        tenant=integration.tenant_id,
        integration=integration.id,
        user=user.id,
        since=int(at_door.at.timestamp()),
        token=days.begin(at_door.session, user, at_door.at),
        member=at_door.member,
    )
    response = token(at_door, user, day)
    day_cookie.keep(response, integration.pod_key, day, at_door.at)
    return response


def end_kept_of_others(at_door: Knock, user: User | None) -> None:
    """End a kept sign-in of anybody but this user, whom the PSA has just confirmed to sit at this browser.

    The browser may go on sending its cookie; the sign-in behind it is over.
    """
    try:
        day = _kept(at_door)
    except Refused:
        return
    if user is None or day.user != user.id:
        _end(at_door, day)


def resume(at_door: Knock) -> Response:
    """Go on with the working day's sign-in that this browser keeps. Public: the cookie, and a row that still lives.

    Answers as the password does, with an empty problem where there is nothing to go on with.
    """
    day = _kept(at_door)
    session = at_door.session
    user = days.user_of(session, day.token)
    if user is None or user.id != day.user:
        release(session)
        raise Refused("", 401, forget=True)
    if at_door.member and at_door.member != day.member:
        known = days.is_linked(session, user, integration_id=at_door.integration.id, member=at_door.member)
        if not known:
            _end(at_door, day)
            raise Refused("", 401, forget=True)
    with writing(session):
        note_opened(at_door, user, "kept sign-in")
    return token(at_door, user, day)


def sign_out(at_door: Knock) -> Response:
    """Forget the kept sign-in, here and in the browser. Public: our own page asks, and it only ever takes away."""
    response = jsonify(signed_out=True)
    try:
        _end(at_door, _kept(at_door))
    except Refused as nothing:
        if not nothing.forget:
            return response
    day_cookie.drop(response, at_door.integration.pod_key)
    return response


def _kept(at_door: Knock) -> Day:
    """What the browser keeps for this integration. Raises Refused."""
    value = request.cookies.get(day_cookie.name(at_door.integration.pod_key), "")
    if not value:
        raise Refused("", 401)
    try:
        day = day_cookie.read(value, at_door.at)
    except BadDay:
        raise Refused("", 401, forget=True) from None
    if (day.tenant, day.integration) != (at_door.integration.tenant_id, at_door.integration.id):
        raise Refused("", 401, forget=True)
    return day


def _end(at_door: Knock, day: Day) -> None:
    with writing(at_door.session) as session:
        days.end(session, day.token, at_door.at)
