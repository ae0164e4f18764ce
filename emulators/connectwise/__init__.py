"""A stand-in for ConnectWise PSA: its REST API and the screens that host pods, from public facts alone.

Mount it with `register(app)` on the composed emulator, or run it alone with `create_app()`.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask

from emulators.connectwise.controls import Controls
from emulators.connectwise.faults import Faults
from emulators.connectwise.rest import RequestLog, Rest
from emulators.connectwise.screens import Screens
from emulators.connectwise.store import Store


def register(app: Flask, state_dir: Path | None = None) -> Store:
    """Mount REST, screens and controls on an app; returns the store behind them.

    With `state_dir` the records survive a restart as `connectwise.json` in that folder.
    """
    store, faults, log = Store(state_dir), Faults(), RequestLog()
    blueprint = Blueprint(
        "connectwise",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/connectwise/static",
    )
    Rest(store, faults, log).add_to(blueprint)
    Controls(store, faults, log).add_to(blueprint)
    Screens(store, faults).add_to(blueprint)
    app.register_blueprint(blueprint)
    return store


def create_app(state_dir: Path | None = None) -> Flask:
    """The emulator as an application of its own."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir)
    return app
