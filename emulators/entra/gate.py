"""What happens to every request of a service before and after it is served: faults, and a line in the request log."""

from __future__ import annotations

from flask import Blueprint, Response, request

from emulators.entra.emulator import EntraEmulator
from emulators.twilio.connection import drop

_DROPPED = "emulator.dropped"
UNAVAILABLE = "<html><body><h2>Our services aren't available right now</h2></body></html>"


def dropped() -> Response:
    """Cut the connection, and remember it for the log."""
    request.environ[_DROPPED] = True
    return drop()


def guard(blueprint: Blueprint, emulator: EntraEmulator, service: str) -> None:
    """Let the faults hit the routes of `blueprint`, whose `service` is signin, graph or push, and note each request."""
    faults = emulator.faults

    @blueprint.before_request
    def strike() -> Response | None:
        faults.wait("slow_seconds")
        if faults.strikes("down") or faults.strikes(f"{service}_down"):
            return dropped()
        if faults.strikes("http_503"):
            return Response(UNAVAILABLE, 503, mimetype="text/html")
        return None

    @blueprint.after_request
    def note(response: Response) -> Response:
        status = None if _DROPPED in request.environ else response.status_code
        emulator.log_request(service, request.method, request.path, status)
        return response
