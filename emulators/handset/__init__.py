"""One person's phone: texts and calls, mail, Duo Mobile and Authenticator, each an app in its bar.

It shows what the other stand-ins hold and keeps nothing itself, so it is registered after them.
"""

from __future__ import annotations

from flask import Flask

from emulators.connectwise.store import Store
from emulators.handset.news import Services
from emulators.handset.page import blueprint
from emulators.handset.people import People

__all__ = ["register"]


def register(app: Flask, contacts: Store) -> None:
    """Add the phone at `/handset` to an app that has Twilio, mail, Duo and Entra already.

    `contacts` is the ticketing system's memory, which says who has which number and address.
    """
    services = Services(
        twilio=app.extensions["twilio_emulator"],
        mail=app.extensions["mail_emulator"],
        duo=app.extensions["duo_emulator"],
        entra=app.extensions["entra_emulator"],
    )
    app.register_blueprint(blueprint(People(contacts), services))
