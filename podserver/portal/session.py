"""Who may call the portal's pages.

Flask-Login finds the user of a request; the truth is the row of the sign-in, read anew each time, so that ending it
or switching the user off works at once. The cookie holds nothing but the sign-in's random token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final

from flask import Flask, abort, jsonify, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm import Session

from podserver.accounts import service as accounts
from podserver.accounts.models import Role, SignIn, Tenant, User
from podserver.database import db, now, writing

EVERYBODY: Final = frozenset[Role]()
"""The decision of a page that needs no sign-in."""

# htmx stops a poll that is answered with this.
_STOP_POLLING = 286
_LOCAL = re.compile(r"/[\w.~%/?&=+-]*", re.ASCII)


class SignedIn(UserMixin):
    """What Flask-Login knows of a signed-in user: the token, and the rows behind it."""

    def __init__(self, token: str, sign_in: SignIn) -> None:
        self.token = token
        self.sign_in = sign_in

    def get_id(self) -> str:
        """What the cookie keeps."""
        return self.token


@dataclass(frozen=True, slots=True)
class PortalVisit:
    """One request to the portal, by somebody who may make it."""

    user: User
    token: str
    at: datetime
    session: Session

    @property
    def tenant(self) -> Tenant:
        """The user's tenant."""
        return self.user.tenant

    @property
    def is_admin(self) -> bool:
        """Whether the user may change things."""
        return self.user.role == Role.ADMIN


def portal_page(*roles: Role, counts_as_use: bool = True) -> Callable[..., Any]:
    """Let a view be called by signed-in users of these roles only; it gets the :class:`PortalVisit` first.

    A page that asks by itself does not count as use, or an open tab would never run out.
    """
    if not roles:
        raise TypeError("say who may call this page")

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            person = current_user._get_current_object()
            if not isinstance(person, SignedIn):
                return _ask_to_sign_in()
            user, at = person.sign_in.user, now()
            if user.role not in roles:
                abort(403, "Your role does not open this page. An admin can change it under Users.")
            if counts_as_use and accounts.wants_touch(person.sign_in, at):
                with writing(db.session()) as writer:
                    accounts.touch(writer, person.token, at)
            return view(PortalVisit(user, person.token, at, db.session()), *args, **kwargs)

        guarded.may_call = frozenset(roles)  # type: ignore[attr-defined]
        return guarded

    return decorate


def decision(view: Callable[..., Any]) -> frozenset[Role] | None:
    """Who may call a view: :data:`EVERYBODY`, some roles, or None where nobody has decided."""
    return getattr(view, "may_call", None)


def public_page(view: Callable[..., Any]) -> Callable[..., Any]:
    """Say that anybody may call a view."""
    view.may_call = EVERYBODY  # type: ignore[attr-defined]
    return view


def open_session(token: str, sign_in: SignIn) -> None:
    """Give this browser the sign-in; whatever it had before is gone, its form tokens included."""
    session.clear()
    login_user(SignedIn(token, sign_in))


def local_path(target: str | None) -> str:
    """``target`` where it is a path of this server, else the first page. It never leads elsewhere."""
    if target and len(target) <= 500 and _LOCAL.fullmatch(target) and not target.startswith("//"):
        return target
    return url_for("overview.overview")


def _wants_data() -> bool:
    """Whether a script of ours asks, which says so, and can do nothing with a page."""
    return request.accept_mimetypes.best == "application/json"


def _ask_to_sign_in() -> Any:
    if _wants_data():
        return jsonify(problem="Your sign-in has ended. Sign in again.", password=True), 401
    if request.headers.get("HX-Request"):
        return render_template("portal/signed_out.html"), _STOP_POLLING
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.sign_in", next=wanted if wanted != "/" else None))


def install(app: Flask) -> None:
    """Make Flask-Login find users by their sign-in, and forms that are out of date say so."""
    # No template asks who is signed in, so none has to wait for it.
    manager = LoginManager(app, add_context_processor=False)
    # A phone changes its address; the token is the proof, not where it comes from.
    manager.session_protection = None

    @manager.user_loader
    def _load(token: str) -> SignedIn | None:
        sign_in = accounts.signed_in(db.session(), token, now())
        return SignedIn(token, sign_in) if sign_in is not None else None

    @app.errorhandler(CSRFError)
    def _out_of_date(_error: CSRFError) -> Any:
        problem = "This form is out of date. Go back, reload the page and send it again."
        if _wants_data():
            return jsonify(problem="This form is out of date. Reload the page.", password=True), 400
        if request.headers.get("HX-Request"):
            to_place = {"HX-Retarget": "#page-problem", "HX-Reswap": "innerHTML"}
            return render_template("pod/problem.html", problem=problem), 400, to_place
        return render_template("problem.html", status=400, problem=problem), 400
