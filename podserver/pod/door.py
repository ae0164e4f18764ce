"""The door of a pod, whatever PSA the frame is in: the shell, and every way to sign in that needs no PSA.

A PSA adds a small file: what it is called, where its record stands in the frame's address, and, where it can say who
sits there, a way to have that confirmed (see ``connectwise.py`` and ``halo.py``). All of a door's POSTs are for our own
page alone.

The order of the ways is the page's (``static/pod.js``), and it is: the PSA's confirmation, then the working day's
sign-in that the browser keeps, then the form with the password and the new window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from podserver.accounts import service as accounts
from podserver.database import begin_read, db, writing
from podserver.integrations import service as integrations
from podserver.logs import logger
from podserver.pod.kept import let_in, resume, sign_out
from podserver.pod.knock import Host, Knock, Refused, knock
from podserver.pod.window_door import open_window, poll_window
from podserver.security import day_cookie
from podserver.security.frame_policy import framed_by

log = logger(__name__)
# Filled by :func:`door_of`: every PSA that has a door.
HOSTS: Final[dict[str, Host]] = {}


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
        ("resume", resume),
        ("window", open_window),
        ("window/poll", poll_window),
        ("sign-out", sign_out),
    ):
        endpoint = path.replace("/", "_").replace("-", "_")
        door.add_url_rule(f"/<pod_key>/{path}", endpoint, _knocked(host, answer), methods=["POST"])

    @door.errorhandler(Refused)
    def refused(error: Refused) -> Any:
        response = jsonify(problem=str(error), password=error.password)
        response.status_code = error.status
        if error.forget:
            day_cookie.drop(response, str((request.view_args or {}).get("pod_key", "")))
        return response

    return door


def _knocked(host: Host, answer: Callable[[Knock], Response]) -> Callable[[str], Response]:
    return lambda pod_key: answer(knock(host, pod_key))


def _shell(host: Host, pod_key: str) -> Any:
    session = db.session()
    begin_read(session)
    query, problem = request.query_string, ""
    if host.refuse is None:
        origins = integrations.framer(session, pod_key, host.psa)
    else:
        found = integrations.by_pod_key(session, pod_key)
        if found is None or found.psa != host.psa:
            origins = None
        else:
            origins, problem = found.origin, host.refuse(found, query)
    if origins is None:
        return render_template("pod/gone.html"), 404
    framed_by(origins)
    if problem:
        log.warning("pod.address_refused", psa=host.psa)
        return render_template("pod/refused.html", problem=problem), 403
    door = url_for(f"pod_{host.psa}.shell", pod_key=pod_key)
    return render_template("pod/shell.html", host=host, origins=origins, door=door, address=host.read(query))


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
    with writing(at_door.session):
        return let_in(at_door, user, "password")
