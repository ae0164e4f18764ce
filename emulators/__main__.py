"""`python -m emulators` serves the stand-ins until it is told to stop."""

from __future__ import annotations

import argparse
import contextlib
import signal
import ssl
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from emulators import twilio
from emulators.app import create_app
from emulators.mail import MailEmulator
from emulators.tls import certificates


class QuietHandler(WSGIRequestHandler):
    """Keeps the log for what went wrong; the received requests are listed by the controls."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


@dataclass(frozen=True)
class Doors:
    """Where the stand-ins listen: pages and plain APIs, APIs over TLS, and mail. 0 takes any free port."""

    host: str
    port: int
    tls_port: int
    smtp_port: int


def main(arguments: list[str] | None = None) -> int:
    """Serve on the given ports, with the state in `--state`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m emulators", description="Stand-ins for the outside world.")
    parser.add_argument("--host", default="localhost", help="address to listen on (localhost)")
    parser.add_argument("--port", type=int, default=8100, help="port of the pages and the plain APIs (8100)")
    parser.add_argument("--tls-port", type=int, default=8101, help="port of the APIs that are spoken over TLS (8101)")
    parser.add_argument("--smtp-port", type=int, default=8125, help="port of the mail server (8125)")
    parser.add_argument("--product", default="", help="origin of podserver, for links that lead there (none)")
    parser.add_argument("--state", type=Path, help="folder that keeps the state and the certificates across restarts")
    options = parser.parse_args(arguments)
    doors = Doors(options.host, options.port, options.tls_port, options.smtp_port)
    with contextlib.ExitStack() as stack:
        state = options.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="emulators-")))
        return _serve(doors, state, keeps=options.state is not None, product=options.product)


def _serve(doors: Doors, state: Path, *, keeps: bool, product: str) -> int:
    app = create_app(state if keeps else None, f"http://{doors.host}:{doors.port}", product)
    certified = certificates(state / "certificates")
    servers: list[BaseWSGIServer] = []
    mail: MailEmulator = app.extensions["mail_emulator"]
    try:
        servers.append(make_server(doors.host, doors.port, app, threaded=True, request_handler=QuietHandler))
        servers.append(tls_server(doors.host, doors.tls_port, app, certified.server_context()))
        mail.serve(doors.host, doors.smtp_port, certified.server_context())
    except (OSError, SystemExit):
        print(f"Cannot listen on {doors.host} at all of {doors.port}, {doors.tls_port}, {doors.smtp_port}. "
              "Is one in use?", file=sys.stderr)  # fmt: skip
        return 1
    plain, tls = servers

    def stop(*_: object) -> None:
        # shutdown() waits for the loop that this very signal has interrupted.
        threading.Thread(target=plain.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=tls.serve_forever, daemon=True).start()
    print(f"The emulators are ready at http://{doors.host}:{plain.port}/", flush=True)
    plain.serve_forever()
    tls.shutdown()
    mail.stop()
    emulator: twilio.TwilioEmulator = app.extensions["twilio_emulator"]
    emulator.store.save()
    return 0


def tls_server(host: str, port: int, app: Flask, context: ssl.SSLContext) -> BaseWSGIServer:
    """A server that speaks TLS, and that a caller who says nothing cannot hold up."""
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler, ssl_context=context)
    # Else the handshake would be done before the thread of its own begins.
    server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
    return server


if __name__ == "__main__":
    sys.exit(main())
