"""The desk's page: the ticket and the phone in two frames, and below them what can be broken."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from emulators.connectwise.store import Store
from emulators.desk.switches import GROUPS
from emulators.desk.tickets import DESK_TICKETS, other_ticket
from emulators.twilio.loopback import comes_from_here

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def blueprint(tickets: Store) -> Blueprint:
    """The desk at `/`; `?ticket=` opens another ticket, one of the desk's own or any of the ticketing system's."""
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
        offered = {ticket.id: ticket for ticket in DESK_TICKETS}
        if wanted is not None and wanted not in offered:
            other = other_ticket(tickets, wanted)
            offered |= {other.id: other} if other else {}
        chosen = offered.get(wanted or 0, DESK_TICKETS[0])
        return render_template("desk/desk.html", tickets=offered.values(), chosen=chosen, groups=GROUPS)

    return desk
