"""The phone's page and the one answer that it polls."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from emulators.handset.news import Services, entra_user, news
from emulators.handset.people import People, Person, e164
from emulators.twilio.account import is_e164
from emulators.twilio.loopback import comes_from_here

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
APPS = {"messages": "Messages", "mail": "Mail", "duo": "Duo", "authenticator": "Authenticator"}


def blueprint(people: People, services: Services) -> Blueprint:
    """`/handset?contact=77` or `?number=+12025550161`: `app=` opens an app, `embed=1` leaves out the choice of person,
    `follow=1` goes to another person's phone when something comes there.
    """
    handset = Blueprint(
        "handset", __name__, template_folder="templates", static_folder="static", static_url_path="/handset/static"
    )

    @handset.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @handset.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.endpoint != "handset.static":
            response.headers["Cache-Control"] = "no-store"
        return response

    def asked() -> Person:
        """Whose phone is asked for; the first contact's where nobody's is."""
        if "number" in request.args:
            # A query string turns the plus of an unescaped number into a space.
            number = request.args["number"].strip().replace(" ", "+")
            return people.with_number(number if is_e164(number) else e164(number) or abort(404))
        contact = request.args.get("contact", type=int)
        found = people.contact(contact) if contact is not None else next(iter(people.all()), None)
        return found or abort(404)

    @handset.get("/handset")
    def show() -> ResponseReturnValue:
        person = asked()
        account = entra_user(person, services.entra)
        return render_template(
            "handset/handset.html",
            person=person,
            upn=account.upn if account else "",
            apps=APPS,
            app=request.args.get("app") if request.args.get("app") in APPS else "",
            embed=request.args.get("embed") == "1",
            follow=request.args.get("follow") == "1",
            people=people.all(),
        )

    @handset.get("/handset/news.json")
    def what_came() -> ResponseReturnValue:
        return jsonify(news(asked(), people, services))

    return handset
