"""The two doors of the sign-in behind a link: out to Microsoft, and back.

Both are for people who have no session with us. Out is an answer on the link's page, with its token and proof; back
is a GET, as Microsoft's redirects are, and changes something only with a state that works once, in the browser that
went out.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from podserver.accounts.models import Tenant
from podserver.answering import show
from podserver.answering.press import Choice
from podserver.answering.visit import LinkVisit, link_press
from podserver.configuration import Settings
from podserver.database import begin_read, db, now, release, writing
from podserver.delivery import microsoft_accounts as accounts
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.delivery.microsoft import Cloud, Denied, NotReached
from podserver.delivery.outbox import Exchange
from podserver.logs import logger
from podserver.microsoft import service, sign_in
from podserver.microsoft.contact import known_of
from podserver.microsoft.sign_in import Flow, How, Outcome, Returned
from podserver.portal.session import public_page
from podserver.tenancy import bound_tenant
from podserver.verification import answers
from podserver.verification.answers import Opened, Page
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof
from podserver.verification.methods.link import LINK_PATH
from podserver.verification.methods.microsoft_sign_in import WITH_SECOND_FACTOR
from podserver.verification.models import Verification

log = logger(__name__)
blueprint = Blueprint("microsoft_sign_in", __name__)

NOT_SET_UP: Final = show.Aside("Signing in with Microsoft is not set up any more. Ask for another way on the phone.")
WRONGLY_SET_UP: Final = show.Aside(
    "Signing in with Microsoft is not set up rightly for your organization. Ask for another way on the phone."
)
UNREACHED: Final = show.Aside("Microsoft did not answer, so nothing was done. Wait a moment, then press again.")


@blueprint.after_request
def _unlisted(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.post(show.MICROSOFT_PATH)
@public_page
@link_press
def begin(visit: LinkVisit) -> Any:
    """Leave for Microsoft. Public: the token and the page-bound proof are in the body."""
    verification, tenant = visit.opened.verification, visit.opened.tenant
    assert verification is not None and tenant is not None
    if visit.press.choice != Choice.SIGN_IN or METHODS[verification.method].proof != Proof.SIGN_IN:
        return visit.page(show.STILL_UNSURE)
    if visit.opened.page != Page.QUESTION:
        return visit.page()
    app = accounts.stored(visit.session)
    if app is None:
        return visit.page(NOT_SET_UP)
    known = known_of(visit.session, tenant, verification)
    client = service.of_company(visit.session, verification.integration_id, known.company) if known.company else None
    # No transaction is open while Microsoft is asked.
    release(visit.session)
    flow = Flow(visit.press.token, client.directory if client else "", client.id if client else 0)
    try:
        flow = sign_in.leave(_cloud(), app, flow, known.address, _settings().base_url)
    except Denied as error:
        log.warning("microsoft.not_left", reason=str(error))
        return visit.page(WRONGLY_SET_UP)
    except NotReached:
        return visit.page(UNREACHED)
    with writing(visit.session) as session:
        cookie = sign_in.keep(session, verification.id, flow, visit.at)
    page = render_template(
        "microsoft/leaving.html", masthead=_masthead(visit.session, tenant), address=flow.msal["auth_uri"]
    )
    release(visit.session)
    response = make_response(page)
    response.set_cookie(
        _cookie_name(),
        cookie,
        max_age=int(sign_in.LIFE.total_seconds()),
        secure=_settings().secure,
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.get(sign_in.CALLBACK_PATH)
@public_page
def callback() -> Any:
    """Come back from Microsoft. Public: the state in the address and the cookie of the browser that left agree."""
    state, cookie = request.args.get("state", "")[:100], request.cookies.get(_cookie_name(), "")[:100]
    at, session = now(), db.session()
    begin_read(session)
    returned = sign_in.find(session, state, cookie, at)
    if returned is None:
        return render_template("microsoft/gone.html", masthead=show.Masthead())
    if request.method != "GET" or not returned.fresh:
        # Looked at once more, by a reload or a second tab: the link's own page says how it stands.
        return _to_the_link(returned)
    with writing(session):
        if not sign_in.use(session, returned, state, at):
            return _to_the_link(returned)
    return _judged(returned)


def _judged(returned: Returned) -> Any:
    session = db.session()
    tenant = session.get_one(Tenant, bound_tenant(session))
    verification = session.get(Verification, returned.verification)
    app = accounts.stored(session)
    client = session.get(MicrosoftDirectory, returned.flow.client) if returned.flow.client else None
    release(session)
    if verification is None or app is None:
        return _to_the_link(returned)
    whom = sign_in.whom(tenant, verification, returned.flow, client)
    outcome = sign_in.judge(_cloud(), app, returned, request.args.to_dict(), whom, now())
    log.info("microsoft.came_back", verification=verification.id, how=outcome.how, second_factor=outcome.second_factor)
    if outcome.how in (How.ACCEPTED, How.REFUSED):
        _decide(verification.id, outcome)
    if outcome.how in (How.ACCEPTED, How.CANCELLED):
        return _to_the_link(returned)
    page = "another_account" if outcome.how == How.REFUSED else "trouble"
    masthead = _masthead(session, tenant)
    release(session)
    return render_template(
        f"microsoft/{page}.html", masthead=masthead, sentence=outcome.reason, link=f"{LINK_PATH}{returned.flow.token}"
    )


def _decide(verification: str, outcome: Outcome) -> None:
    session, at = db.session(), now()
    with writing(session):
        if outcome.how == How.REFUSED:
            result = answers.refuse_sign_in(session, verification_id=verification, reason=outcome.reason, at=at)
        else:
            stronger = {"strength": WITH_SECOND_FACTOR.strength, "worth": WITH_SECOND_FACTOR.reason}
            result = answers.accept_sign_in(
                session, verification_id=verification, at=at, strength=stronger if outcome.second_factor else None
            )
    exchange: Exchange = current_app.extensions["exchange"]
    for row_id in result.outbox:
        exchange.nudge(row_id)


def _to_the_link(returned: Returned) -> Any:
    return redirect(f"{LINK_PATH}{returned.flow.token}", 303)


def _masthead(session: Session, tenant: Tenant) -> show.Masthead:
    # Every page of a link that names whose it is looks alike.
    return show.masthead(session, Opened(Page.ENDED, tenant))


def _cookie_name() -> str:
    return "__Host-podserver-microsoft" if _settings().secure else "podserver-microsoft"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _cloud() -> Cloud:
    return Cloud.of(_settings())
