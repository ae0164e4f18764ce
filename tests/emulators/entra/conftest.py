"""The emulator on a real TLS socket, with certificates of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from entra_rig import PUSH_SCOPE, SECRET, Entra, KeyPair
from werkzeug.serving import make_server

from emulators.entra import LARKFIELD_TENANT, PUSH_CLIENT_ID, create_app
from emulators.tls import certificates

logging.getLogger("werkzeug").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def entra_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    files = certificates(tmp_path_factory.mktemp("tls"))
    server = make_server("localhost", 0, create_app(), threaded=True, ssl_context=files.server_context())
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Entra(f"https://localhost:{server.port}", files.authority)
    server.shutdown()


@pytest.fixture
def entra(entra_server: Entra) -> Entra:
    entra_server.control("reset").raise_for_status()
    return entra_server


@pytest.fixture(scope="session")
def pair() -> KeyPair:
    return KeyPair.make()


@pytest.fixture
def token(entra: Entra) -> str:
    """The push client's token in Larkfield."""
    entra.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET).raise_for_status()
    return entra.app_token(LARKFIELD_TENANT, PUSH_SCOPE, PUSH_CLIENT_ID, SECRET)
