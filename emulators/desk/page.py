"""The desk's page: two frames and a row of switches."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from emulators.desk.switches import GROUPS
from emulators.twilio.loopback import comes_from_here

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class DeskTicket:
    """A ticket that the desk offers, with the phone of its contact."""

    id: int
    summary: str
    contact: str
    handset: str


TICKETS = [
    DeskTicket(48213, "Cannot sign in to webmail", "Dana Whitfield", "+12025550142"),
    DeskTicket(48219, "Locked out after three attempts", "Carla Nunez", "+12025550127"),
    DeskTicket(48188, "Password expired during leave", "Mateo Ferrer", "+12025550126"),
    DeskTicket(48171, "VPN drops every hour", "Wei Lin", "+12025550124"),
    DeskTicket(48150, "Access to the shared reception mailbox", "Marcus Reyes", "+12025550118"),
    DeskTicket(48077, "Move authenticator to a new phone", "Amara Diallo", "+12025550123"),
]


def blueprint() -> Blueprint:
    """The desk at `/`; `?ticket=` opens another of its tickets."""
    desk = Blueprint(
        "desk", __name__, template_folder="templates", static_folder="static", static_url_path="/desk/static"
    )

    @desk.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @desk.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @desk.get("/")
    def show() -> ResponseReturnValue:
        wanted = request.args.get("ticket", type=int)
        chosen = next((ticket for ticket in TICKETS if ticket.id == wanted), TICKETS[0])
        return render_template("desk/desk.html", tickets=TICKETS, chosen=chosen, groups=GROUPS)

    return desk
