"""A stand-in for Duo: the prompt's OIDC, the Auth API, the Admin API, and what a phone with Duo Mobile has to show.

Written from the push-and-login fact sheet; it imports neither the product nor a Duo package.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from emulators.duo import admin_api, auth_api, controls, handset, oidc
from emulators.duo.account import (
    ADMIN_IKEY,
    ADMIN_SKEY,
    AUTH_IKEY,
    AUTH_SKEY,
    WEB_SDK_CLIENT_ID,
    WEB_SDK_CLIENT_SECRET,
)
from emulators.duo.emulator import DuoEmulator

__all__ = [
    "ADMIN_IKEY",
    "ADMIN_SKEY",
    "API_PATHS",
    "AUTH_IKEY",
    "AUTH_SKEY",
    "WEB_SDK_CLIENT_ID",
    "WEB_SDK_CLIENT_SECRET",
    "DuoEmulator",
    "create_app",
    "register",
]

# What the product calls by whatever name it knows us under.
API_PATHS = ("/oauth/v1/", "/auth/v2/", "/admin/v1/")


def register(app: Flask, state_dir: Path | None = None) -> DuoEmulator:
    """Add the APIs, the controls and the phone's JSON to `app`; returns the emulator. `state_dir` stays empty."""
    emulator = DuoEmulator()
    for part in (oidc, auth_api, admin_api, controls, handset):
        app.register_blueprint(part.blueprint(emulator))
    app.extensions["duo_emulator"] = emulator
    return emulator


def create_app(state_dir: Path | None = None) -> Flask:
    """The Duo emulator alone."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir)
    return app
