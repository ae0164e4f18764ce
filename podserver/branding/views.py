"""The page of the tenant's look with its previews, and the two public addresses of logo and style."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from podserver.accounts.models import Role
from podserver.branding import service
from podserver.branding.forms import SPOKEN, BrandingForm
from podserver.branding.letters import Letter, compose
from podserver.branding.logo import LARGEST_UPLOAD
from podserver.branding.preview import Preview, of_letter
from podserver.branding.service import BadInput, Look
from podserver.configuration import Settings
from podserver.database import db, writing
from podserver.portal.session import PortalVisit, portal_page, public_page
from podserver.security import sealing
from podserver.security.frame_policy import cached_for

blueprint = Blueprint("branding", __name__, url_prefix="/branding")
public = Blueprint("brand", __name__, url_prefix="/brand")

# How long browsers and proxies keep a logo or a style before they ask again.
_SECONDS: Final = 300
# What a form may weigh that brings a logo: somewhat more than a logo, so that the page itself can say what is wrong.
_LARGEST_FORM: Final = 3 * LARGEST_UPLOAD
_LETTERS: Final = {
    "code": "verification_code",
    "link": "verification_link",
    "microsoft": "microsoft_sign_in",
}
_TICKET: Final = "48213"
_SUMMARY: Final = "Cannot sign in to webmail"


@blueprint.url_value_preprocessor
def _let_a_logo_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before anything reads the form: elsewhere a request is much smaller."""
    if endpoint == "branding.branding" and request.method == "POST":
        request.max_content_length = _LARGEST_FORM


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> Any:
    problem = "A logo file has 1 MB at most. Go back and choose a smaller one; nothing was saved."
    return render_template("problem.html", status=413, problem=problem), 413


@blueprint.route("", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def branding(visit: PortalVisit) -> Any:
    """Show the look, or check and save what was typed."""
    stored = service.branding(visit.session)
    form = BrandingForm(obj=None, data=_known(stored))
    if form.validate_on_submit():
        try:
            _save(visit, form)
            flash("Saved.")
            return redirect(url_for("branding.branding"))
        except BadInput as error:
            form.blame(error)
    logo = _logo_address(stored) if stored is not None and stored.logo else ""
    return render_template(
        "portal/branding.html",
        visit=visit,
        form=form,
        stored=stored,
        logo=logo,
        letters=tuple(_LETTERS),
        languages=SPOKEN,
    )


def _known(stored: Any) -> dict[str, Any]:
    names = ("accent", "signature", "footer", "phone", "language")
    return {name: getattr(stored, name) for name in names} if stored is not None else {}


def _save(visit: PortalVisit, form: BrandingForm) -> None:
    look = Look(
        form.accent.data or "",
        form.signature.data or "",
        form.footer.data or "",
        form.phone.data or "",
        form.language.data,
    )
    service.clean(look)
    upload = form.logo.data.read(LARGEST_UPLOAD + 1) if form.logo.data else b""
    # Drawn before the transaction begins: it takes its time.
    drawn = service.read_logo(upload) if form.logo.data else None
    with writing(visit.session) as session:
        service.save(session, look, drawn, keep_logo=not form.remove_logo.data, actor=visit.user.name, at=visit.at)


@blueprint.get("/letters/<kind>")
@portal_page(Role.ADMIN)
def letter(visit: PortalVisit, kind: str) -> Any:
    """A letter as its reader would see it."""
    return _preview(visit, kind).page


@blueprint.get("/letters/<kind>/style.css")
@portal_page(Role.ADMIN)
def letter_style(visit: PortalVisit, kind: str) -> Any:
    """The styles of a letter's preview."""
    return Response(_preview(visit, kind).style, mimetype="text/css")


@blueprint.get("/letters/<kind>/text")
@portal_page(Role.ADMIN)
def letter_text(visit: PortalVisit, kind: str) -> Any:
    """The letter's other half, for mail programs that show text alone."""
    shown = _letter(visit, kind)
    return Response(f"Subject: {shown.subject}\n\n{shown.text}", mimetype="text/plain")


@blueprint.get("/link")
@portal_page(Role.ADMIN)
def link(visit: PortalVisit) -> Any:
    """The page behind a link as its reader would see it; its buttons lead to a refusal, as it belongs to no link."""
    from podserver.answering.show import link_page
    from podserver.verification.answers import Opened, Page
    from podserver.verification.models import Verification

    shown = Verification(
        technician=visit.user.name,
        ticket=_TICKET,
        summary=_SUMMARY,
        method="mail_link",
        digits=True,
        wrong_guesses=0,
    )
    return link_page(visit.session, Opened(Page.QUESTION, visit.tenant, shown, 290), "", "")


def _preview(visit: PortalVisit, kind: str) -> Preview:
    stored = service.branding(visit.session)
    return of_letter(
        _letter(visit, kind).html,
        style_address=url_for("branding.letter_style", kind=kind),
        logo_address=_logo_address(stored) if stored is not None and stored.logo else "",
    )


def _letter(visit: PortalVisit, kind: str) -> Letter:
    if kind not in _LETTERS:
        abort(404, "There is no such letter.")
    settings: Settings = current_app.extensions["settings"]
    return compose(
        _LETTERS[kind],
        service.letterhead(visit.session, visit.tenant),
        technician=visit.user.name.split()[0],
        ticket=_TICKET,
        minutes=5,
        digits=True,
        code="482913",
        link=f"{settings.base_url}/v/only-an-example",
    )


def _logo_address(stored: Any) -> str:
    # Another logo has another address, so that none is shown from a cache.
    return url_for("brand.logo", public_key=stored.public_key, v=sealing.fingerprint(stored.logo.hex())[:12])


@public.get("/<public_key>/logo.png")
@public_page
def logo(public_key: str) -> Any:
    """A tenant's logo. Public: it stands in letters and on pages for everybody."""
    found = service.by_public_key(db.session(), public_key)
    if found is None or found.logo is None:
        abort(404, "There is no such logo.")
    return _kept(Response(found.logo, mimetype="image/png"))


@public.get("/<public_key>/style.css")
@public_page
def style(public_key: str) -> Any:
    """A tenant's colour as custom properties. Public, as the logo is."""
    found = service.by_public_key(db.session(), public_key)
    if found is None:
        abort(404, "There is no such style.")
    return _kept(Response(service.style_sheet(found.accent), mimetype="text/css"))


def _kept(response: Response) -> Response:
    """Let browsers keep it, and ask only whether it has changed."""
    cached_for(_SECONDS)
    response.add_etag()
    response.make_conditional(request)
    return response
