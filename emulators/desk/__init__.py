"""The demo desk: a ticket with the pod in it beside a phone, and switches for what can go wrong.

`python -m emulators.desk` starts the whole demo; see `supervisor`.
"""

from __future__ import annotations

from flask import Flask

from emulators.connectwise.store import Store
from emulators.desk.page import blueprint

__all__ = ["register"]


def register(app: Flask, tickets: Store) -> None:
    """Add the desk at `/` to an app that has the other stand-ins and the phone already.

    `tickets` is the ticketing system's memory.
    """
    app.register_blueprint(blueprint(tickets))
