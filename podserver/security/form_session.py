"""The signed cookie behind the portal's forms: Flask's own, with a signer that is made once.

Flask makes one for each request, also for those of a pod, which has no use for the cookie.
"""

from __future__ import annotations

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer


class FormSessions(SecureCookieSessionInterface):
    """Flask's sessions, for the one application that it is made for. Its secret keys do not change while it runs."""

    def __init__(self, app: Flask) -> None:
        self._signer = super().get_signing_serializer(app)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Let the browser keep what was written; nothing is done about one that nobody looked at and that is empty."""
        if session.accessed or session.modified or session:
            super().save_session(app, session, response)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer of the application's cookie."""
        return self._signer
