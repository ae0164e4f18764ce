"""The doors of a link: its page, which anybody may look at and nothing changes by, and the answer to it."""

from __future__ import annotations

import time
from typing import Any, Final

from flask import Blueprint, Response, current_app, g

from podserver.answering import show
from podserver.answering.press import Choice
from podserver.answering.visit import LinkVisit, link_press, page_of_link
from podserver.database import begin_read, begin_write, db, discard, now
from podserver.delivery.outbox import Exchange
from podserver.portal.session import public_page
from podserver.verification import answers
from podserver.verification.ending import Result

blueprint = Blueprint("answering", __name__)

# Answers leave at whole multiples of this after the request came, in seconds: longer than any page of a link takes to
# make, so that a clock cannot tell a link that is used, expired or replaced from one that never was.
BEAT: Final = 0.025


@blueprint.before_request
def _start() -> None:
    g.link_since = time.perf_counter()


@blueprint.after_request
def _finish(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    # Missing where the application refused the request before it came here.
    if since := g.get("link_since"):
        time.sleep(BEAT - (time.perf_counter() - since) % BEAT)
    return response


@blueprint.get("/v/", defaults={"token": ""})
@blueprint.get("/v/<token>")
@public_page
def page(token: str) -> Any:
    """The page of a link. Public: the token is the proof. Nothing is written, counted, set or logged by it."""
    session = db.session()
    begin_read(session)
    return page_of_link(session, token, now())


@blueprint.post(show.ANSWER_PATH)
@public_page
@link_press
def answer(visit: LinkVisit) -> Any:
    """A press on one of the page's buttons. Public: the token and the page-bound proof are in the body."""
    verification, tenant = visit.opened.verification, visit.opened.tenant
    assert verification is not None and tenant is not None
    begin_write(visit.session)
    try:
        if visit.press.choice == Choice.DENY:
            result = answers.deny(visit.session, verification_id=verification.id, at=visit.at)
        elif visit.press.choice == Choice.VALIDATE:
            result = answers.validate(
                visit.session,
                tenant=tenant,
                verification_id=verification.id,
                number=visit.press.number,
                at=visit.at,
                press=visit.press.id,
            )
        else:
            raise LookupError("not an answer of this page")
    except ValueError as problem:
        discard(visit.session)
        return visit.page(show.Aside(str(problem), wrong=True))
    except LookupError:
        # A press that this link does not have, such as Validate where a sign-in is asked for.
        discard(visit.session)
        return visit.page(show.STILL_UNSURE)
    _close(visit, result)
    # Said only where the link still asks: after a wrong number, or to a contact who is locked.
    return visit.page(show.ONE_TRY_LEFT if result.tries_left is not None else show.Aside(result.refused))


def _close(visit: LinkVisit, result: Result) -> None:
    if not result.changed:
        discard(visit.session)
        return
    visit.session.commit()
    exchange: Exchange = current_app.extensions["exchange"]
    for row_id in result.outbox:
        exchange.nudge(row_id)
