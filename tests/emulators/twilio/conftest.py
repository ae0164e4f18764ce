"""The emulator on a real socket, the official client pointed at it, and a receiver for its webhooks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from twilio.rest import Client
from twilio_rig import DANA, Emulator, Hook, Receiver, wait_for
from voice_rig import VoiceServer, serve
from werkzeug.serving import make_server

from emulators.twilio import FROM_NUMBER, Pace, create_app
from emulators.twilio.calls import EVENTS

logging.getLogger("werkzeug").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def emulator_server() -> Iterator[Emulator]:
    server = make_server("127.0.0.1", 0, create_app(pace=Pace.brisk()), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Emulator(f"http://127.0.0.1:{server.port}")
    server.shutdown()


@pytest.fixture
def emulator(emulator_server: Emulator) -> Emulator:
    requests.post(f"{emulator_server.origin}/_emulator/twilio/reset", timeout=5).raise_for_status()
    return emulator_server


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return emulator.client()


@pytest.fixture
def send(client: Client) -> Callable[..., Any]:
    """Sends a text to Dana; keywords change or add parameters."""

    def create(**values: Any) -> Any:
        return client.messages.create(**{"to": DANA, "from_": FROM_NUMBER, "body": "Your code is 870412", **values})

    return create


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
            here.hooks.append(Hook(self.path, {k.lower(): v for k, v in self.headers.items()}, fields))
            time.sleep(here.delay)
            self.send_response(here.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Receiver(server.server_port)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def voice() -> Iterator[VoiceServer]:
    """The web server of somebody who places calls."""
    with serve() as server:
        yield server


@pytest.fixture
def call(client: Client, voice: VoiceServer) -> Callable[..., Any]:
    """Calls Dana, all events to be told; keywords change or add parameters."""

    def create(**values: Any) -> Any:
        plain = {
            "to": DANA,
            "from_": FROM_NUMBER,
            "url": voice.url("/voice"),
            "status_callback": voice.url("/status"),
            "status_callback_event": list(EVENTS),
        }
        return client.calls.create(**{name: value for name, value in (plain | values).items() if value is not None})

    return create


@pytest.fixture
def finished(emulator: Emulator, client: Client, call: Callable[..., Any]) -> Callable[..., Any]:
    """Has a call go to its end, with what `script` says at the other end; returns it."""

    def to_the_end(script: str = "press:1", **values: Any) -> Any:
        emulator.number(DANA, call_script=script)
        sid = call(**values).sid
        wait_for(lambda: client.calls(sid).fetch().status not in ("queued", "ringing", "in-progress"))
        return client.calls(sid).fetch()

    return to_the_end
