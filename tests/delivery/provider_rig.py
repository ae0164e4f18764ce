"""The stand-ins on real sockets, plain and over TLS, and a worker's hands: what is due is handed over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from seeds import Seeds
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from emulators.__main__ import QuietHandler, tls_server
from emulators.app import create_app
from emulators.tls import certificates
from podserver.delivery import outbox
from podserver.delivery.models import OutboxRow, Progress
from podserver.history.models import HistoryEvent
from podserver.tenancy import across_tenants, bind_tenant
from podserver.verification.ending import Result
from podserver.verification.models import Verification


@dataclass
class Providers:
    """Where the stand-ins are, and whom to trust."""

    plain: str
    tls_port: int
    authority: Path

    @property
    def tls_host(self) -> str:
        return f"localhost:{self.tls_port}"

    def post(self, path: str, **said: Any) -> Any:
        answer = requests.post(f"{self.plain}{path}", json=said, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.plain}{path}", timeout=5)
        assert answer.ok, answer.text
        return answer.json()


@contextmanager
def serve_providers(state: Path) -> Iterator[Providers]:
    """All stand-ins, in threads of this process, until the end of the block."""
    certified = certificates(state)
    app = create_app()
    plain = make_server("localhost", 0, app, threaded=True, request_handler=QuietHandler)
    tls = tls_server("localhost", 0, app, certified.server_context())
    for server in (plain, tls):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield Providers(f"http://localhost:{plain.port}", tls.port, certified.authority)
    finally:
        for server in (plain, tls):
            server.shutdown()


def hand_over(app: Flask, session: Session, *, until: Callable[[], object], seconds: float = 15) -> None:
    """Do what workers do, until ``until`` is true. Notes are left: there is no PSA here."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not happen in time"
        for row_id in _due(session):
            outbox.deliver(session, app.extensions["exchange"], row_id, lambda: datetime.now(UTC))
        time.sleep(0.02)


def _due(session: Session) -> list[str]:
    with across_tenants(session):
        rows = list(
            session.scalars(
                select(OutboxRow.id).where(
                    OutboxRow.progress == Progress.READY,
                    OutboxRow.due_at <= datetime.now(UTC),
                    OutboxRow.channel != "psa_note",
                )
            )
        )
        session.rollback()
    return rows


def stored(seeds: Seeds, result: Result) -> Verification:
    """The verification as it stands in the database now."""
    assert result.verification is not None
    bind_tenant(seeds.session, seeds.tenant.id)
    found = seeds.session.scalars(
        select(Verification).where(Verification.id == result.verification.id).execution_options(populate_existing=True)
    ).one()
    seeds.session.rollback()
    return found


def kinds(seeds: Seeds, result: Result) -> list[str]:
    """The kinds of a verification's events, in order."""
    assert result.verification is not None
    bind_tenant(seeds.session, seeds.tenant.id)
    found = list(
        seeds.session.scalars(
            select(HistoryEvent.kind)
            .where(HistoryEvent.verification == result.verification.id)
            .order_by(HistoryEvent.id)
        )
    )
    seeds.session.rollback()
    return found
