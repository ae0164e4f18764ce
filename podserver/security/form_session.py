"""The signed cookie behind the portal's forms: Flask's own, with a signer that is made once.

Flask makes one for each request, also for those of a pod, which never brings the cookie.
"""

from __future__ import annotations

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class FormSessions(SecureCookieSessionInterface):
    """Flask's sessions, for the one application that it is made for. Its secret keys do not change while it runs."""

    def __init__(self, app: Flask) -> None:
        self._signer = super().get_signing_serializer(app)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer of the application's cookie."""
        return self._signer
