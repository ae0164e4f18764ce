"""The desk's page: the ticket and the phone in two frames, and below them what can be broken."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from emulators.desk.psas import Stores, contact_named, psas
from emulators.desk.switches import GROUPS, PSA_GROUPS
from emulators.desk.tickets import desk_ticket, desk_tickets
from emulators.twilio.loopback import comes_from_here

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LONGEST_ID = 24


def blueprint(stores: Stores, product: str) -> Blueprint:
    """The desk at `/`; `?psa=` is one of the ticketing systems and `?ticket=` any of its tickets, or one of the desk's.

    `product` is podserver's origin, where there is one.
    """
    desk = Blueprint(
        "desk", __name__, template_folder="templates", static_folder="static", static_url_path="/desk/static"
    )
    every = psas(stores, product)

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
        psa = every.get(request.args.get("psa", ""), next(iter(every.values())))
        offered = {each.key: desk_tickets(each, stores.connectwise) for each in every.values()}
        wanted = request.args.get("ticket", "")
        chosen = next((each for each in offered[psa.key] if each.id == wanted), None)
        if chosen is None and _is_id(wanted):
            chosen = desk_ticket(psa, wanted, stores.connectwise)
            offered[psa.key] += [chosen] if chosen else []
        return render_template(
            "desk/desk.html",
            psas=every.values(),
            psa=psa,
            offered=offered,
            chosen=chosen or offered[psa.key][0],
            psa_groups=PSA_GROUPS,
            groups=GROUPS,
        )

    @desk.get("/desk/seen/<psa>/<kind>/<key>.json")
    def what_is_seen(psa: str, kind: str, key: str) -> ResponseReturnValue:
        """What a screen of a ticketing system is about: a line for it, and whose phone goes with it."""
        if psa not in every or not _is_id(key):
            abort(404)
        seen = every[psa].seen(kind, key)
        if seen is None:
            abort(404)
        return jsonify({"label": seen.label, "contact": contact_named(stores.connectwise, seen)})

    return desk


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID
