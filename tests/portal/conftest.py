"""The real application over a database of its own, and the emulators on a real socket."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet
from flask import Flask, request
from portal_rig import ADMIN, AUDITOR, KEYS, PASSWORDS, STRANGER, TECHNICIAN, Browser, Emulators
from werkzeug.serving import make_server

from emulators.app import create_app as create_emulators
from podserver.accounts import service as accounts
from podserver.accounts.models import Role
from podserver.application import create_app
from podserver.configuration import read_settings
from podserver.database import db, now, writing


@pytest.fixture(scope="session")
def running_emulators() -> Iterator[Emulators]:
    """Every stand-in on one socket, started once."""
    app = create_emulators(None)
    server = make_server("localhost", 0, app, threaded=True)
    running = Emulators(f"http://localhost:{server.server_port}")

    @app.before_request
    def _watched() -> None:
        for look in running.watch:
            look(request.path)

    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield running
    server.shutdown()
    server.server_close()


@pytest.fixture
def emulators(running_emulators: Emulators) -> Emulators:
    """The stand-ins as on their first day."""
    running_emulators.watch.clear()
    for part in ("connectwise", "twilio", "mail", "duo", "entra"):
        requests.post(f"{running_emulators.url}/_emulator/{part}/reset", timeout=10).raise_for_status()
    return running_emulators


@pytest.fixture
def app(tmp_path: Path, database_url: str, emulators: Emulators) -> Iterator[Flask]:
    """The application with two tenants: Northgate IT with a user of each role, Southgate IT with an admin."""
    settings = read_settings(
        {
            "PODSERVER_ENVIRONMENT": "development",
            "PODSERVER_BASE_URL": "http://127.0.0.1:8000",
            "PODSERVER_SECRET_KEYS": Fernet.generate_key().decode(),
            "PODSERVER_STATE_DIR": str(tmp_path),
            "PODSERVER_DATABASE_URL": database_url,
            "PODSERVER_LOCAL_HOSTS": emulators.url.removeprefix("http://"),
            "PODSERVER_TWILIO_API_URL": emulators.url,
            "PODSERVER_LOG_LEVEL": "error",
        }
    )
    app = create_app(settings)
    with app.app_context():
        for name, people in (
            ("Northgate IT", ((ADMIN, "Alex Moreno", Role.ADMIN), (TECHNICIAN, "Sam Okafor", Role.TECHNICIAN),
                              (AUDITOR, "Ines Duarte", Role.AUDITOR))),
            ("Southgate IT", ((STRANGER, "Olga Brandt", Role.ADMIN),)),
        ):  # fmt: skip
            with writing(db.session()) as session:
                accounts.create_tenant(session, name=name, region="US", at=now())
                for email, person, role in people:
                    new = accounts.NewUser(email, person, role, PASSWORDS[email])
                    accounts.create_user(session, new, actor="test", at=now())
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def browser(app: Flask) -> Callable[..., Browser]:
    """Open a browser, signed in where an e-mail address is given."""

    def open_one(email: str = "") -> Browser:
        one = Browser(app.test_client())
        if email:
            assert one.sign_in(email).status_code == 302
        return one

    return open_one


@pytest.fixture
def admin(browser: Callable[..., Browser]) -> Browser:
    """Alex, signed in."""
    return browser(ADMIN)


@pytest.fixture
def connected(admin: Browser, emulators: Emulators) -> str:
    """Alex has connected ConnectWise; the path of the integration's page."""
    answer = admin.post("/integrations/connectwise/new", {**KEYS, "site": emulators.url})
    assert "ConnectWise confirmed the keys" in answer.text
    found = re.search(r'href="(/integrations/\d+)"', admin.get("/integrations").text)
    assert found
    return found[1]
