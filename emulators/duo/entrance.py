"""What every call of the product meets first and last: the faults, the form of a refusal, the journal."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from emulators.duo.emulator import DuoEmulator
from emulators.duo.errors import RefusedError
from emulators.duo.faults import LONGEST_HANG_SECONDS
from emulators.twilio.connection import drop

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def guard(api: Blueprint, emulator: DuoEmulator) -> None:
    """Put `api` behind the faults of `emulator`; its calls are noted in the journal, and unknown paths answer 40401.

    A view leaves what it read in `g.duo_parameters` and `g.duo_signature`.
    """
    faults = emulator.faults

    def dropped() -> Response:
        g.duo_dropped = True
        return drop()

    @api.before_request
    def strike() -> Response | None:
        if request.endpoint == f"{api.name}.static":
            return None
        g.duo_life = emulator.life
        faults.wait(faults.number("slow_seconds"))
        if g.duo_life != emulator.life or faults.strikes("down"):
            return dropped()
        if faults.strikes("hang"):
            faults.wait(LONGEST_HANG_SECONDS)
            return dropped()
        if faults.strikes("bad_gateway"):
            return Response(BAD_GATEWAY, 502, mimetype="text/html")
        if faults.strikes("rate_limit"):
            raise RefusedError(42901)
        return None

    @api.after_request
    def note(response: Response) -> Response:
        if g.get("duo_life") == emulator.life:
            emulator.journal.note(
                request.method,
                request.path,
                None if g.get("duo_dropped") else response.status_code,
                g.get("duo_parameters") or {},
                g.get("duo_signature"),
            )
        return response

    @api.route("/<path:anything>", methods=METHODS)
    def nowhere(anything: str) -> ResponseReturnValue:
        raise RefusedError(40401)

    @api.errorhandler(RefusedError)
    def refused(error: RefusedError) -> ResponseReturnValue:
        return jsonify(error.body), error.status

    @api.errorhandler(HTTPException)
    def unexpected(error: HTTPException) -> ResponseReturnValue:
        return error if (error.code or 500) >= 500 else refused(RefusedError(40401))
