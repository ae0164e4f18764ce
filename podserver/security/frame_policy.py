"""Response headers: who may frame a page, what a page may load, and what it may remember.

Every response gets the strict set. A pod's view names the one origin that may frame it with :func:`framed_by`;
everything else is framed by nobody.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from flask import Flask, Response, g, request

from podserver.configuration import Settings

_NOBODY: Final = "'none'"


def framed_by(origin: str) -> None:
    """Allow the page of this request to be framed by one origin. Its script alone sends forms, never the browser: that
    would leave the frame, with what was typed in the address."""
    g.frame_ancestors = origin


def opened_by_frame() -> None:
    """Let the page of this request stand in a window that a sandboxed frame has opened.

    The window inherits the sandbox, and browsers show no page there that asks for an opener policy (HTML standard,
    navigation with final sandboxing flags).
    """
    g.opener_policy = ""


def cached_for(seconds: int) -> None:
    """Allow the answer of this request, which holds nothing of anybody, to be kept by browsers and proxies."""
    g.cache_control = f"public, max-age={seconds}"


def install(app: Flask, settings: Settings) -> None:
    """Add the headers to every response of the application."""

    @app.after_request
    def _headers(response: Response) -> Response:
        ancestors = g.get("frame_ancestors", _NOBODY)
        response.headers.extend(_policy(ancestors, g.get("opener_policy", "same-origin"), settings.secure))
        if request.endpoint != "static":
            response.headers["Cache-Control"] = g.get("cache_control", "no-store")
        response.headers.pop("Server", None)
        return response


@lru_cache(maxsize=256)
def _policy(ancestors: str, opener: str, secure: bool) -> tuple[tuple[str, str], ...]:
    forms = "'self'" if ancestors == _NOBODY else "'none'"
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            f"form-action {forms}; base-uri 'none'; object-src 'none'; frame-ancestors {ancestors}"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    }
    if ancestors == _NOBODY:
        headers["X-Frame-Options"] = "DENY"
        if opener:
            headers["Cross-Origin-Opener-Policy"] = opener
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return tuple(headers.items())
