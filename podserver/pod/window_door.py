"""The frame's side of the sign-in window: a ticket for one, and what came of it."""

from __future__ import annotations

from typing import Final

from flask import Response, jsonify, request, url_for

from podserver.database import release, writing
from podserver.pod import window
from podserver.pod.kept import let_in
from podserver.pod.knock import Knock, Refused
from podserver.pod.window import Stage

_ASK_ANEW: Final = {
    Stage.USED: "This window's sign-in is used already. Open a new window.",
    Stage.ENDED: "The window's sign-in was refused. Open a new window, and type the number that stands here.",
    Stage.EXPIRED: "The window was open for 10 minutes, and its sign-in has run out. Open a new one.",
    Stage.UNKNOWN: "This window's sign-in is not known any more. Open a new window.",
}


def open_window(at_door: Knock) -> Response:
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


def poll_window(at_door: Knock) -> Response:
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
            return let_in(at_door, user, "window")
    raise Refused("This sign-in has no access to podserver. An admin can give it under Users.", 403)
