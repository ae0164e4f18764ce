"""The sign-in window's pages: which ticket it is for, the number, and how it ended. Never in a frame.

Looking changes nothing. A press on the button carries the form token of whoever is signed in.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from wtforms.validators import InputRequired

from podserver.database import release
from podserver.integrations.models import Integration
from podserver.logs import logger
from podserver.pod import window
from podserver.pod.door import HOSTS
from podserver.pod.window import Stage, Window
from podserver.pod.window_who import Present, somebody_known
from podserver.portal.forms import LineField, PortalForm
from podserver.security.frame_policy import opened_by_frame

log = logger(__name__)
blueprint = Blueprint("pod_window", __name__, url_prefix="/pod/window")

_STATUS: Final = {
    Stage.USED: 410,
    Stage.EXPIRED: 410,
    Stage.ENDED: 403,
    Stage.ELSEWHERE: 403,
    Stage.UNKNOWN: 404,
}
# The portal's own doors, on the way to the window and back.
_SIGN_IN: Final = ("accounts.sign_in", "accounts.sign_out")


class NumberForm(PortalForm):
    """What only the frame shows."""

    number = LineField("Type the two digits that the pod in your ticket shows", [InputRequired("Type two digits.")])


@blueprint.before_app_request
def _in_a_window_of_a_frame() -> None:
    """The window, and the portal's sign-in that leads back to it, may have inherited a PSA's sandbox."""
    leads_back = request.endpoint in _SIGN_IN and request.values.get("next", "").startswith(f"{blueprint.url_prefix}/")
    if leads_back or request.blueprint == blueprint.name:
        opened_by_frame()


@blueprint.before_request
def _only_from_the_ticket() -> Any:
    """A link in somebody's mail, chat or web page is no ticket. "none" is a browser that a PSA's own program opens."""
    if request.method == "GET" and request.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site"):
        log.warning("window.from_another_site")
        return render_template("pod/window.html", stage="led here", window=Window(Stage.UNKNOWN)), 403
    return None


@blueprint.after_request
def _unlisted(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.get("/<handle>")
@somebody_known
def page(present: Present, handle: str) -> Any:
    """For which ticket somebody signs in, and the question for the number. Nothing is written or counted by it."""
    seen = window.look(present.session, handle, present.user, address=request.remote_addr or "", at=present.at)
    release(present.session)
    if seen.stage == Stage.ELSEWHERE:
        log.warning("window.elsewhere")
    return _page(present, seen, NumberForm())


@blueprint.post("/<handle>")
@somebody_known
def confirm(present: Present, handle: str) -> Any:
    """Sign in the frame that shows this number."""
    form, session, address = NumberForm(), present.session, request.remote_addr or ""
    seen = window.look(session, handle, present.user, address=address, at=present.at)
    release(session)
    problem: Exception | None = None
    if form.validate_on_submit() and seen.stage in (Stage.WAITING, Stage.ELSEWHERE):
        try:
            seen = window.confirm(session, handle, present.user, form.number.data or "", address=address, at=present.at)
        except (window.WrongNumber, window.TooMany) as error:
            problem = error
            form.number.errors = [str(error)]
        form.number.data = ""
    page = _page(present, seen, form, 429 if isinstance(problem, window.TooMany) else 422 if form.errors else 0)
    if seen.stage == Stage.UNKNOWN:
        # Only now, as the page is of this user's tenant.
        window.note_stranger(session, handle, present.at)
    return page


def _page(present: Present, seen: Window, form: NumberForm, status: int = 0) -> tuple[str, int]:
    html = render_template(
        "pod/window.html", stage=seen.stage, window=seen, form=form, visit=present, psa=_name(seen.integration)
    )
    return html, _STATUS.get(seen.stage) or status or 200


def _name(integration: Integration | None) -> str:
    return HOSTS[integration.psa].name if integration else ""
