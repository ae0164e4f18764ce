"""All stand-ins on one origin, with the demo desk in front."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue

from emulators import autotask, connectwise, desk, duo, entra, halo, handset, kaseya_bms, mail, superops, twilio
from emulators.twilio.loopback import comes_from_here

# What the product calls by whatever name it knows us under; everything else is for people on this machine.
API_PATHS = (
    "/2010-04-01/",
    "/v4_6_release/",
    "/v2025_",
    "/login/",
    "/msp",
    "/readyz",
    *duo.API_PATHS,
    *kaseya_bms.API_PATHS,
    *halo.API_PATHS,
    *autotask.API_PATHS,
)


def create_app(state_dir: Path | None = None, browser_origin: str | None = None, product: str = "") -> Flask:
    """Every stand-in and the desk as one Flask application; each keeps its state in `state_dir` if it keeps any.

    `browser_origin` is where people's browsers find it, which for some stand-ins is not where programs do. `product`
    is podserver's origin, for links that lead there.
    """
    app = Flask(__name__, static_folder=None)

    @app.before_request
    def this_machine_only() -> None:
        for_programs = request.path.startswith(API_PATHS) or entra.is_client_path(request.path)
        if not for_programs and not comes_from_here(request):
            abort(403)

    @app.get("/readyz")
    def ready() -> ResponseReturnValue:
        return jsonify({"ready": True})

    psas = desk.Stores(
        connectwise.register(app, state_dir),
        halo.register(app, state_dir),
        autotask.register(app, state_dir),
        kaseya_bms.register(app, state_dir),
        superops.register(app, state_dir),
    )
    twilio.register(app, state_dir)
    duo.register(app, state_dir)
    mail.register(app, state_dir)
    entra.register(app, state_dir, browser_origin)
    handset.register(app, psas.connectwise)
    desk.register(app, psas, product)
    return app
