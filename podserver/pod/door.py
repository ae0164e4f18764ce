"""The door of a pod, whatever PSA the frame is in: the shell, and every way to sign in that needs no PSA.

A PSA adds a small file: what it is called, where its record stands in the frame's address, and, where its page can say
who sits there, a way to have that confirmed (see ``connectwise.py``). All of a door's POSTs are for our own page alone.

The order of the ways is the page's (``static/pod.js``), and it is: the PSA's confirmation, then the working day's
sign-in that the browser keeps, then the form. On a computer that several people share, so in one browser profile:

- Whom the PSA confirms is who signs in; a kept sign-in of somebody else ends there and then.
- Where the PSA's page names a member but the PSA does not confirm them, a kept sign-in counts only if the same member
  was named when it was made, or is known to be that user; else it ends. That the name is unproven does no harm, as all
  it can do is to end a sign-in.
- Where the PSA says nothing, or vouches for nobody, whoever opens a ticket is who signed in last, until 8 hours are
  over. So the pod shows that name, with *Not you? Sign out* beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from sqlalchemy.orm import Session

from podserver.accounts import day as days
from podserver.accounts import service as accounts
from podserver.accounts.models import User
from podserver.database import begin_read, db, now, release, writing
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations import service as integrations
from podserver.integrations.models import Integration
from podserver.pod import window
from podserver.pod.service import BadRecord, record_key, ticket_of
from podserver.pod.window import Stage
from podserver.security import day_cookie, pod_token
from podserver.security.day_cookie import BadDay, Day
from podserver.security.frame_policy import framed_by
from podserver.security.pod_token import PodSession
from podserver.security.same_origin import from_our_page
from podserver.tenancy import bind_tenant

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.:\[\]-]{3,190}")
_NO_POD: Final = "This pod's address is not known. Copy it anew from podserver."
_ASK_ANEW: Final = {
    Stage.USED: "This window's sign-in is used already. Open a new window.",
    Stage.ENDED: "The window's sign-in was refused. Open a new window, and type the number that stands here.",
    Stage.EXPIRED: "The window was open for 10 minutes, and its sign-in has run out. Open a new one.",
    Stage.UNKNOWN: "This window's sign-in is not known any more. Open a new window.",
}


@dataclass(frozen=True, slots=True)
class Host:
    """A PSA that the pod is framed by. ``psa`` is its word in addresses, ``name`` its name in sentences, and
    ``ticket`` what a ticket of it is called, with its article.

    ``vouches`` says that the PSA's page tells who sits there, and that the PSA confirms it. ``screen_field`` and
    ``id_field`` are the parameters of the frame's address; a PSA that names no screen has pods on ``screen`` alone.
    """

    psa: str
    name: str
    ticket: str
    vouches: bool = False
    id_field: str = "id"
    screen_field: str = ""
    screen: str = "ticket"

    def record_in(self, query: Mapping[str, str]) -> tuple[str, str]:
        """The screen and the record's id that a frame's address names; what it does not name is empty."""
        screen = query.get(self.screen_field, "") if self.screen_field else self.screen
        return screen, query.get(self.id_field, "")


# Filled by :func:`door_of`: every PSA that has a door.
HOSTS: Final[dict[str, Host]] = {}


@dataclass(frozen=True, slots=True)
class Knock:
    """Our own page asks to be let in: to which integration's pod, on which record. The session is bound to the tenant.

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


def door_of(host: Host) -> Blueprint:
    """The door of a PSA, under ``/pod/<psa>/<pod_key>``. Its blueprint is exempt from the portal's form token."""
    HOSTS[host.psa] = host
    door = Blueprint(f"pod_{host.psa}", __name__, url_prefix=f"/pod/{host.psa}")

    @door.get("/<pod_key>")
    def shell(pod_key: str) -> Any:
        """The page in the frame: paints at once, asks nobody. Public; it holds nothing but the PSA's origins."""
        return _shell(host, pod_key)

    for path, answer in (
        ("password", _password),
        ("resume", _resume),
        ("window", _open_window),
        ("window/poll", _poll_window),
        ("sign-out", _sign_out),
    ):
        endpoint = path.replace("/", "_").replace("-", "_")
        door.add_url_rule(f"/<pod_key>/{path}", endpoint, _knocked(host, answer), methods=["POST"])

    @door.errorhandler(Refused)
    def refused(error: Refused) -> Any:
        response = jsonify(problem=str(error), password=error.password)
        response.status_code = error.status
        if error.forget:
            day_cookie.drop(response, _pod_key())
        return response

    return door


def _knocked(host: Host, answer: Callable[[Knock], Response]) -> Callable[[str], Response]:
    return lambda pod_key: answer(knock(host, pod_key))


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
    try:
        key = record_key(request.form.get("screen", ""), request.form.get("id", ""))
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


def _shell(host: Host, pod_key: str) -> Any:
    session = db.session()
    begin_read(session)
    origins = integrations.framer(session, pod_key, host.psa)
    if origins is None:
        return render_template("pod/gone.html"), 404
    framed_by(origins)
    screen, record_id = host.record_in(request.args)
    door = url_for(f"pod_{host.psa}.shell", pod_key=pod_key)
    return render_template("pod/shell.html", host=host, origins=origins, door=door, record_id=record_id, screen=screen)


def _password(at_door: Knock) -> Response:
    """Sign in with e-mail and password inside the frame. Public: the password is in the body.

    Form fields besides a knock's: ``email, password``. Answers ``{token, name, kept}`` or ``{problem, password}``.
    """
    try:
        user = accounts.password_is_right(
            at_door.session,
            email=request.form.get("email", ""),
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            at=at_door.at,
        )
    except accounts.SignInRefused as error:
        raise Refused(str(error), 403) from None
    if user.tenant_id != at_door.integration.tenant_id:
        raise Refused(str(accounts.SignInRefused()), 403)
    return _let_in(at_door, user, "password")


def _let_in(at_door: Knock, user: User, by: str) -> Response:
    with writing(at_door.session) as session:
        return _let_in_within(session, at_door, user, by)


def _let_in_within(session: Session, at_door: Knock, user: User, by: str) -> Response:
    """Let in whoever has just signed in, in the caller's writing transaction, and let the browser keep it."""
    note_opened(at_door, user, by)
    integration = at_door.integration
    day = Day(
        tenant=integration.tenant_id,
        integration=integration.id,
        user=user.id,
        since=int(at_door.at.timestamp()),
        token=days.begin(session, user, at_door.at),
        member=at_door.member,
    )
    response = token(at_door, user, day)
    day_cookie.keep(response, integration.pod_key, day, at_door.at)
    return response


def _resume(at_door: Knock) -> Response:
    """Go on with the working day's sign-in that this browser keeps. Public: the cookie, and a row that still lives.

    Answers as :func:`_password` does, with an empty problem where there is nothing to go on with.
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


def _sign_out(at_door: Knock) -> Response:
    """Forget the kept sign-in, here and in the browser. Public: our own page asks, and it only ever takes away."""
    response = jsonify(signed_out=True)
    try:
        _end(at_door, _kept(at_door))
    except Refused as nothing:
        if not nothing.forget:
            return response
    day_cookie.drop(response, at_door.integration.pod_key)
    return response


def _open_window(at_door: Knock) -> Response:
    """A ticket for signing in in a window of its own. Public: it lets nobody in by itself.

    Answers ``{url, secret, number, seconds}``: the window's address, what the frame polls with, the number to show,
    and how long all of it lives.
    """
    try:
        opened = window.open_one(
            at_door.session,
            at_door.integration,
            record_key=at_door.record,
            address=request.remote_addr or "",
            at=at_door.at,
        )
    except window.TooMany as error:
        raise Refused(str(error), 429) from None
    return jsonify(
        url=url_for("pod_window.page", handle=opened.handle),
        secret=opened.secret,
        number=opened.number,
        seconds=int(window.LIFE.total_seconds()),
    )


def _poll_window(at_door: Knock) -> Response:
    """What came of a window: ``{waiting}``, once ``{token, name, kept}``, or a problem. Public: the frame's secret.

    Form field besides a knock's: ``secret``.
    """
    session, at = at_door.session, at_door.at
    try:
        seen = window.poll(
            session,
            at_door.integration,
            request.form.get("secret", "")[:100],
            record_key=at_door.record,
            address=request.remote_addr or "",
            at=at,
        )
    except window.TooMany as error:
        raise Refused(str(error), 429) from None
    if seen.stage == Stage.WAITING:
        release(session)
        return jsonify(waiting=True)
    if seen.stage != Stage.CONFIRMED:
        release(session)
        raise Refused(_ASK_ANEW[seen.stage], 410)
    with writing(session):
        try:
            user = window.collect(session, seen, at)
        except LookupError:
            raise Refused(_ASK_ANEW[Stage.USED], 410) from None
        if user is not None:
            return _let_in_within(session, at_door, user, "window")
    raise Refused("This sign-in has no access to podserver. An admin can give it under Users.", 403)


def _pod_key() -> str:
    return str((request.view_args or {}).get("pod_key", ""))
