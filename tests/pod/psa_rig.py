"""A PSA's stand-in on a socket of its own, and an integration with it, in a database of a test."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from frame_rig import Frame
from parts import environment_of
from seeds import Seeds
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from podserver.configuration import Settings, read_settings
from podserver.database import writing
from podserver.integrations.models import Integration, Psa
from podserver.security import sealing
from podserver.tenancy import bind_tenant


class Stand:
    """An emulator that serves, and its control requests."""

    def __init__(self, app: Flask, word: str) -> None:
        self._server = make_server("localhost", 0, app, threaded=True)
        self.host = f"localhost:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self._word = word
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def control(self, name: str, body: Any = None) -> Any:
        """Read a control, or set it."""
        address = f"{self.url}/{self._word}/_control/{name}"
        answer = requests.get(address, timeout=5) if body is None else requests.post(address, json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def settings_for(stand: Stand, state: Path, database_url: str) -> Settings:
    """Settings of an application that may call the stand-in."""
    return read_settings(environment_of(state, database_url, PODSERVER_LOCAL_HOSTS=stand.host))


def connected(
    seeds: Seeds, psa: Psa, origin: str, values: Mapping[str, str], secrets: Mapping[str, str]
) -> Integration:
    """An integration of the seeds' tenant."""
    bind_tenant(seeds.session, seeds.tenant.id)
    with writing(seeds.session) as session:
        made = Integration(
            psa=psa, name=psa.value, pod_key=sealing.random_id(), site="", origin=origin, created_at=datetime.now(UTC)
        )
        made.values, made.secrets = dict(values), dict(secrets)
        session.add(made)
    return made


def change(seeds: Seeds, integration: Integration, **fields: str) -> None:
    """Set fields of an integration, secrets by the names that they have there."""
    bind_tenant(seeds.session, seeds.tenant.id)
    with writing(seeds.session) as session:
        row = session.get_one(Integration, integration.id)
        row.values = {**row.values, **{k: v for k, v in fields.items() if k in row.values}}
        row.secrets = {**row.secrets, **{k: v for k, v in fields.items() if k in row.secrets}}


class PsaFrame(Frame):
    """A frame of this integration."""

    def __init__(self, app: Flask, integration: Integration) -> None:
        self.client = app.test_client()
        self.key = integration.pod_key
        self.door = f"/pod/{integration.psa.value}/{self.key}"
        self.address = "198.51.100.7"

    def shell(self, query: str) -> TestResponse:
        """The page that an address of the PSA opens."""
        return self.client.get(f"{self.door}?{query}")
