"""What the pages for people have in common: this machine only, headers as Microsoft sends them, and the way back."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from emulators.entra.directory import Registration
from emulators.entra.errors import SignInError
from emulators.twilio.loopback import LOOPBACK_HOSTS, comes_from_here


def protect(pages: Blueprint) -> None:
    """Guard the routes of `pages`; a refusal that may not go back to the application is shown as a page."""

    @pages.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @pages.after_request
    def headers(response: Response) -> Response:
        # Chromium holds form-action against the redirect that follows a form, too.
        back = g.get("entra_back", "")
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'self'; img-src data:; form-action 'self' {back}; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        # Never in a frame, and no opener for whoever opened the window (fact sheet 5.1, 5.3).
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @pages.errorhandler(SignInError)
    def refused(error: SignInError) -> ResponseReturnValue:
        return render_template("entra/refused.html", sentence=error.sentence), error.status


def check_redirect(uri: str, client_name: str, registration: Registration) -> str:
    """`uri`, if the application may be led back there. Raises SignInError 50011: shown, never sent to that address."""
    parts = urlsplit(uri)
    if registration.redirect_uris:
        allowed = uri in registration.redirect_uris
    else:
        allowed = parts.scheme in ("http", "https") and parts.hostname in LOOPBACK_HOSTS
    if not allowed or parts.fragment:
        raise SignInError(50011, uri, client_name)
    g.entra_back = f"{parts.scheme}://{parts.netloc}"
    return uri


def back(uri: str, **values: str) -> AnyResponse:
    """Lead the browser back to `uri` with `values` in the query; empty ones are left out."""
    query = urlencode({name: value for name, value in values.items() if value})
    return redirect(f"{uri}{'&' if urlsplit(uri).query else '?'}{query}")
