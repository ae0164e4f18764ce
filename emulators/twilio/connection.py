"""Closing a connection in the caller's face."""

from __future__ import annotations

import contextlib
import socket

from flask import Response, request

DROPPED = "emulator.dropped"


def drop() -> Response:
    """Cut the current connection, so that the caller sees no answer at all.

    Only a server that shows its socket to the application can do that; elsewhere the caller gets an empty 502. The
    request's environment says so under DROPPED.
    """
    request.environ[DROPPED] = True
    connection = request.environ.get("werkzeug.socket") or request.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):  # the caller may have hung up first
            connection.shutdown(socket.SHUT_RDWR)
    return Response(status=502)
