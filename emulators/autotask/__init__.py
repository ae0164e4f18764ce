"""A stand-in for Autotask PSA: its REST API, the ticket page with its Insights panel, and LiveLinks, from public facts.

Mount it with `register(app)` on the composed emulator, or run it alone with `create_app()`. Left out is what the
product never touches: time entries, appointments, service calls, configuration items, invoices, attachments, webhooks.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask

from emulators.autotask import controls, screens
from emulators.autotask.auth import Gate
from emulators.autotask.faults import Faults
from emulators.autotask.minter import Minter
from emulators.autotask.requests_log import RequestLog
from emulators.autotask.rest import Rest, RootConverter
from emulators.autotask.store import NORDTOR, NORTHGATE, Store
from emulators.autotask.throttle import Throttle

# What programs call by whatever name they know us under; the pages and controls are for people on this machine.
API_PATHS = ("/atservicesrest/", "/ATServicesRest/", "/zone2/ATServicesRest/")


def register(app: Flask, state_dir: Path | None = None) -> Store:
    """Mount API, screens and controls on an app; returns the store of the tenant that the screens show.

    With `state_dir` the records survive a restart as `autotask.json` and `autotask-nordtor.json` in that folder.
    """
    stores = (Store(NORTHGATE, state_dir), Store(NORDTOR, state_dir))
    faults, log = Faults(), RequestLog()
    gate, throttle, minter = Gate(stores, faults), Throttle(faults), Minter(stores[0], faults)
    app.url_map.converters["atservicesrest"] = RootConverter
    api = Blueprint("autotask_api", __name__)
    Rest(stores, faults, log, gate, throttle).add_to(api)
    app.register_blueprint(api)
    app.register_blueprint(controls.blueprint(stores, faults, log, gate, throttle, minter))
    app.register_blueprint(screens.blueprint(stores[0], faults, minter))
    return stores[0]


def create_app(state_dir: Path | None = None) -> Flask:
    """The emulator as an application of its own."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir)
    return app
