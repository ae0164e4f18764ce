"""A stand-in for Microsoft Entra: sign-in, admin consent, Graph, and the push service behind Authenticator.

Written from wire facts (push-and-login fact sheet); it imports neither the product nor a Microsoft package.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from emulators.entra import (
    authorities,
    authorize,
    consent,
    controls,
    discovery,
    graph,
    handset,
    push,
    tokens,
)
from emulators.entra.account import (
    CLIENT_ID,
    CLIENT_SECRET,
    HARBOR_TENANT,
    LARKFIELD_TENANT,
    NORTHGATE_TENANT,
    PUSH_CLIENT_ID,
    STRANGER_TENANT,
)
from emulators.entra.authorities import is_client_path
from emulators.entra.emulator import EntraEmulator

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "HARBOR_TENANT",
    "LARKFIELD_TENANT",
    "NORTHGATE_TENANT",
    "PUSH_CLIENT_ID",
    "STRANGER_TENANT",
    "EntraEmulator",
    "create_app",
    "is_client_path",
    "register",
]


def register(app: Flask, state_dir: Path | None = None, browser_origin: str | None = None) -> EntraEmulator:
    """Add sign-in, Graph, push, handset and controls to `app`; returns the emulator.

    `state_dir` is taken as every stand-in takes it and not used: the state is in memory only. `browser_origin`, such
    as `http://localhost:8100`, is where the discovery document sends a person's browser; without it, to the origin
    that the document was read at.
    """
    emulator = EntraEmulator(browser_origin)
    authorities.install(app)
    for part in (discovery, authorize, consent, tokens, graph, push, handset, controls):
        app.register_blueprint(part.blueprint(emulator))
    app.extensions["entra_emulator"] = emulator
    return emulator


def create_app(state_dir: Path | None = None, browser_origin: str | None = None) -> Flask:
    """The Entra emulator alone."""
    app = Flask(__name__, static_folder=None)
    register(app, state_dir, browser_origin)
    return app
