"""A stand-in for a mail server: SMTP over TLS into mailboxes in memory, faults, and a page to read the mail.

Written from the standards and the channel fact sheet; it imports neither the product nor its delivery.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from emulators.mail import controls, mailbox
from emulators.mail.account import SMTP_PASSWORD, SMTP_USER
from emulators.mail.emulator import MailEmulator
from emulators.mail.listener import Ports

__all__ = ["SMTP_PASSWORD", "SMTP_USER", "MailEmulator", "Ports", "create_app", "register"]


def register(app: Flask, state_dir: Path | None = None) -> MailEmulator:
    """Add the mailbox pages and the controls to `app`; returns the emulator, whose `serve` starts SMTP.

    Mail is kept in memory only: `state_dir` is taken as by the neighbours, and nothing is written there.
    """
    emulator = MailEmulator()
    for part in (controls, mailbox):
        app.register_blueprint(part.blueprint(emulator))
    app.extensions["mail_emulator"] = emulator
    return emulator


def create_app(state_dir: Path | None = None) -> Flask:
    """The mail emulator's pages alone; SMTP is started by `app.extensions["mail_emulator"].serve(...)`."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir)
    return app
