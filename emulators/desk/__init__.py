"""The demo desk: a ticket with the pod in it beside a phone, and switches for what can go wrong.

`python -m emulators.desk` starts the whole demo; see `supervisor`.
"""

from __future__ import annotations

from flask import Flask

from emulators.desk.page import blueprint
from emulators.desk.psas import Stores

__all__ = ["Stores", "register"]


def register(app: Flask, stores: Stores, product: str = "") -> None:
    """Add the desk at `/` to an app that has the other stand-ins and the phone already.

    `stores` are the memories of the ticketing systems, `product` is podserver's origin.
    """
    app.register_blueprint(blueprint(stores, product))
