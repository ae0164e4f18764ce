"""Who may answer on a link's page: whoever was shown it. No sign-in and no cookie; the token and the page are all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from flask import current_app, request
from sqlalchemy.orm import Session

from podserver.answering import proof, show
from podserver.answering.press import Press, Verdict, read_press
from podserver.configuration import Settings
from podserver.database import begin_read, db, now, release
from podserver.verification.answers import Opened, Page, open_link


@dataclass(frozen=True, slots=True)
class LinkVisit:
    """One press on a link's page that is to be acted on, and the link as it stands.

    The session is bound to the link's tenant and has no transaction open. ``opened`` is never unknown, but may have
    ended: the rules say what a late answer does.
    """

    press: Press
    opened: Opened
    at: datetime
    session: Session

    def page(self, aside: show.Aside = show.NOTHING) -> tuple[str, int]:
        """The page that follows the press: the link as it stands once the press was acted on."""
        return page_of_link(self.session, self.press.token, self.at, aside)


def page_of_link(
    session: Session, token: str, at: datetime, aside: show.Aside = show.NOTHING, opened: Opened | None = None
) -> tuple[str, int]:
    """The page of a token as it stands, with a form of its own where it asks. Leaves no transaction open."""
    opened = opened or open_link(session, token, at)
    page = show.link_page(session, opened, token, proof.issue(token, at), aside)
    release(session)
    return page


def link_press(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view be called with a press that is to be acted on; it gets the :class:`LinkVisit`.

    Every other press is answered here, without an effect: a page to open the link again, or the question once more.
    """

    @wraps(view)
    def guarded() -> Any:
        settings: Settings = current_app.extensions["settings"]
        at, session = now(), db.session()
        press = read_press(request.form, request.headers, settings.origin, at)
        if press.verdict == Verdict.REFUSE:
            return show.refused_page()
        begin_read(session)
        opened = open_link(session, press.token, at)
        if opened.page == Page.UNKNOWN or press.verdict != Verdict.ACT:
            kind = show.PRESS_ONCE_MORE if press.verdict == Verdict.TOO_QUICK else show.STILL_UNSURE
            # What was typed is typed already.
            aside = show.Aside(kind.notice, press.number[:8])
            return page_of_link(session, press.token, at, aside, opened)
        return view(LinkVisit(press, opened, at, session))

    return guarded
