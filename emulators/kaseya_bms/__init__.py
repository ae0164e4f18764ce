"""A stand-in for Kaseya BMS: its v2 REST API and a ticket screen, from public facts alone.

Mount it with `register(app)` on the composed emulator, or run it alone with `create_app()`.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask

from emulators.kaseya_bms.controls import Controls
from emulators.kaseya_bms.faults import Faults
from emulators.kaseya_bms.rest import Quota, RequestLog, Rest
from emulators.kaseya_bms.screens import Screens
from emulators.kaseya_bms.store import Store

# What programs call; the rest is for people on this machine.
API_PATHS = ("/v2/",)


def register(app: Flask, state_dir: Path | None = None) -> Store:
    """Mount the API, the screen and the controls on an app; returns the store behind them.

    With `state_dir` the records and tokens survive a restart as `kaseya_bms.json` in that folder.
    """
    store, faults, log, quota = Store(state_dir), Faults(), RequestLog(), Quota()
    blueprint = Blueprint(
        "kaseya_bms",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/kaseya_bms/static",
    )
    Rest(store, faults, log, quota).add_to(blueprint)
    Controls(store, faults, log, quota).add_to(blueprint)
    Screens(store).add_to(blueprint)
    app.register_blueprint(blueprint)
    return store


def create_app(state_dir: Path | None = None) -> Flask:
    """The emulator as an application of its own."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir)
    return app
