"""The emulator behind TLS on a real socket, with an authority of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from duo_rig import Emulator
from werkzeug.serving import make_server

from emulators.duo import create_app
from emulators.tls import certificates

logging.getLogger("werkzeug").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def duo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    files = certificates(tmp_path_factory.mktemp("tls"))
    server = make_server("127.0.0.1", 0, create_app(), threaded=True, ssl_context=files.server_context())
    # The handshake in the connection's own thread: else one silent caller keeps everybody waiting.
    server.socket.do_handshake_on_connect = False
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Emulator(server.port, files.authority)
    server.shutdown()


@pytest.fixture
def duo(duo_server: Emulator) -> Emulator:
    """The emulator on its first day."""
    duo_server.post("/_emulator/duo/reset").raise_for_status()
    return duo_server
