"""A stand-in for Twilio: messages and calls over HTTP, a carrier and an exchange that take their time, signed webhooks,
TwiML, and a phone.

Written from Twilio's published behaviour; it imports neither the product nor a Twilio package.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from emulators.twilio import controls, phone, rest
from emulators.twilio.account import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER, MESSAGING_SERVICE_SID
from emulators.twilio.emulator import TwilioEmulator
from emulators.twilio.pace import Pace

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "FROM_NUMBER",
    "MESSAGING_SERVICE_SID",
    "Pace",
    "TwilioEmulator",
    "create_app",
    "register",
]


def register(app: Flask, state_dir: Path | None = None, pace: Pace | None = None) -> TwilioEmulator:
    """Add the API, the controls and the phone to `app`; returns the emulator, whose `store.save()` writes its state."""
    emulator = TwilioEmulator(state_dir, pace)
    for part in (rest, controls, phone):
        app.register_blueprint(part.blueprint(emulator))
    app.extensions["twilio_emulator"] = emulator
    return emulator


def create_app(state_dir: Path | None = None, pace: Pace | None = None) -> Flask:
    """The Twilio emulator alone."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir, pace)
    return app
