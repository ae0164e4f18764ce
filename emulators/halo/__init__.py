"""A stand-in for HaloPSA: its API, its authorisation server and the screens with custom tabs, from public facts alone.

Mount it with `register(app)` on the composed emulator, or run it alone with `create_app()`.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask

from emulators.halo.controls import Controls
from emulators.halo.faults import Faults
from emulators.halo.rest import RequestLog, Rest
from emulators.halo.screens import Screens
from emulators.halo.store import CLIENT_ID, CLIENT_SECRET, SIGN_IN_CLIENT_ID, SIGN_IN_SECRET, TENANT, Store
from emulators.halo.tokens import TokenServer

__all__ = [
    "API_PATHS",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "SIGN_IN_CLIENT_ID",
    "SIGN_IN_SECRET",
    "TENANT",
    "Store",
    "create_app",
    "register",
]

# What the product calls by whatever name it knows us under.
API_PATHS = ("/api/", "/API/", "/Api/", "/auth/token", "/auth/.well-known/")


def register(app: Flask, state_dir: Path | None = None) -> Store:
    """Mount API, authorisation server, screens and controls on an app; returns the store behind them.

    With `state_dir` the records survive a restart as `halo.json` in that folder.
    """
    store, faults, log = Store(state_dir), Faults(), RequestLog()
    blueprint = Blueprint(
        "halo", __name__, template_folder="templates", static_folder="static", static_url_path="/halo/static"
    )
    tokens = TokenServer(store, faults)
    tokens.add_to(blueprint)
    rest = Rest(store, faults, log, tokens)
    rest.add_to(blueprint)
    Controls(store, faults, log, rest).add_to(blueprint)
    Screens(store, faults).add_to(blueprint)
    app.register_blueprint(blueprint)
    return store


def create_app(state_dir: Path | None = None) -> Flask:
    """The emulator as an application of its own."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir)
    return app
