"""A stand-in for SuperOps MSP: its GraphQL API and a screen for its tickets, from public facts alone.

Mount it with `register(app)` on the composed emulator, or run it alone with `create_app()`.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask

from emulators.superops.controls import Controls
from emulators.superops.endpoint import Endpoint
from emulators.superops.faults import Faults
from emulators.superops.requests_log import RequestLog
from emulators.superops.screens import Screens
from emulators.superops.store import Store


def register(app: Flask, state_dir: Path | None = None) -> Store:
    """Mount the API, the screens and the controls on an app; returns the store behind them.

    With `state_dir` the records survive a restart as `superops.json` in that folder.
    """
    store, faults, log = Store(state_dir), Faults(), RequestLog()
    blueprint = Blueprint(
        "superops", __name__, template_folder="templates", static_folder="static", static_url_path="/superops/static"
    )
    endpoint = Endpoint(store, faults, log)
    endpoint.add_to(blueprint)
    Controls(store, faults, log, endpoint).add_to(blueprint)
    Screens(store).add_to(blueprint)
    app.register_blueprint(blueprint)
    return store


def create_app(state_dir: Path | None = None) -> Flask:
    """The emulator as an application of its own."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir)
    return app
