"""`python -m emulators` serves the stand-ins until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from emulators import twilio
from emulators.app import create_app


class QuietHandler(WSGIRequestHandler):
    """Keeps the log for what went wrong; the received requests are listed by the controls."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def main(arguments: list[str] | None = None) -> int:
    """Serve on `--host` and `--port`, with the state in `--state`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m emulators", description="Stand-ins for ConnectWise and Twilio.")
    parser.add_argument("--host", default="localhost", help="address to listen on (localhost)")
    parser.add_argument("--port", type=int, default=8100, help="port to listen on (8100)")
    parser.add_argument("--state", type=Path, help="folder that keeps the state across restarts")
    options = parser.parse_args(arguments)

    app = create_app(options.state)
    try:
        server = make_server(options.host, options.port, app, threaded=True, request_handler=QuietHandler)
    except (OSError, SystemExit):
        print(f"Cannot listen on {options.host}:{options.port}. Is the port in use?", file=sys.stderr)
        return 1

    def stop(*_: object) -> None:
        # shutdown() waits for the loop that this very signal has interrupted.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"The emulators are ready at http://{options.host}:{server.port}/", flush=True)
    server.serve_forever()
    emulator: twilio.TwilioEmulator = app.extensions["twilio_emulator"]
    emulator.store.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
