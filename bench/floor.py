"""The floor: the least Flask and SQLAlchemy that does the same durable work, with as many commits, for each flow.

It knows no tenant, no sign-in, no limits and no queue. What podserver is slower than this by is the price of those.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, render_template, request
from jinja2 import DictLoader
from sqlalchemy import DateTime, Engine, ForeignKey, String, Text, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

KEY = b"the floor keeps no secrets"

SHELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pod</title>
<link rel="stylesheet" href="/static/pod.css"><script src="/static/pod.js" defer></script></head>
<body data-psa="{{ place.origin }}" data-record="{{ record }}"><main><h1>Caller verification</h1>
<section id="caller" hx-post="/caller" hx-trigger="load"></section><div id="poller"></div></main></body></html>"""
ROWS = """{% for row in rows %}<li class="row {{ row.state }}" id="row-{{ row.id }}" data-version="{{ row.version }}">
<strong>{{ name }}</strong> {{ row.number }} <span>{{ row.state }}</span>
<form hx-post="/verifications/{{ row.id }}/check"><input name="code"><button>Verify</button></form></li>{% endfor %}"""


class Base(DeclarativeBase):
    """The floor's tables."""


class Place(Base):
    """Where a pod is embedded."""

    __tablename__ = "floor_places"

    id: Mapped[int] = mapped_column(primary_key=True)
    pod_key: Mapped[str] = mapped_column(String(26), unique=True)
    origin: Mapped[str] = mapped_column(String(200))


class Caller(Base):
    """A contact."""

    __tablename__ = "floor_callers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(160))
    number: Mapped[str] = mapped_column(String(20))


class Attempt(Base):
    """A verification."""

    __tablename__ = "floor_attempts"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    caller_id: Mapped[int] = mapped_column(ForeignKey("floor_callers.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    technician: Mapped[str] = mapped_column(String(120))
    ticket: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(12))
    proof_hash: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Happened(Base):
    """An event of the history."""

    __tablename__ = "floor_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(String(40))
    attempt: Mapped[str] = mapped_column(String(26))
    technician: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(20))


class Message(Base):
    """A row of the outbox."""

    __tablename__ = "floor_messages"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    attempt: Mapped[str] = mapped_column(String(26))
    payload: Mapped[str] = mapped_column(Text)
    progress: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def engine_of(url: str, threads: int) -> Engine:
    """An engine with the settings that podserver's has."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=threads + 4, pool_timeout=5)
    engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def proof(attempt: str, code: str) -> str:
    """The keyed hash of a code."""
    return hmac.new(KEY, f"{attempt}:{code}".encode(), hashlib.sha256).hexdigest()


def create_app() -> Flask:
    """The floor on the database that ``BENCH_FLOOR_DATABASE_URL`` names."""
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"shell.html": SHELL, "rows.html": ROWS})
    engine = engine_of(os.environ["BENCH_FLOOR_DATABASE_URL"], int(os.environ.get("PODSERVER_THREADS", "8")))

    @app.get("/shell/<pod_key>")
    def shell(pod_key: str) -> Any:
        with Session(engine) as session:
            place = session.scalars(select(Place).where(Place.pod_key == pod_key)).one()
            return render_template("shell.html", place=place, record=request.args["id"])

    @app.get("/rows/<int:caller_id>")
    def rows(caller_id: int) -> Any:
        with Session(engine) as session:
            caller = session.get_one(Caller, caller_id)
            found = session.scalars(
                select(Attempt).where(Attempt.caller_id == caller_id).order_by(Attempt.created_at.desc()).limit(40)
            ).all()
            seen = set(request.args["seen"].split(","))
            if all(f"{row.id}={row.version}" in seen for row in found):
                return "", 204
            return render_template("rows.html", rows=found, name=caller.name)

    @app.post("/verifications")
    def start() -> Any:
        now = datetime.now(UTC)
        with Session(engine, expire_on_commit=False) as session:
            session.connection(execution_options={"writes": True})
            caller = session.get_one(Caller, int(request.form["caller"]))
            attempt_id, code = secrets.token_hex(13), f"{secrets.randbelow(1_000_000):06d}"
            attempt = Attempt(
                id=attempt_id,
                caller_id=caller.id,
                number=caller.number,
                technician="Sam Okafor",
                ticket="48213",
                state="pending",
                proof_hash=proof(attempt_id, code),
                version=0,
                created_at=now,
                expires_at=now + timedelta(minutes=5),
            )
            session.add(attempt)
            session.add(_event("requested", attempt, now))
            session.add(_message(attempt, f"Code: {code}", now))
            session.commit()
            return render_template("rows.html", rows=[attempt], name=caller.name)

    @app.post("/verifications/<attempt_id>/check")
    def check(attempt_id: str) -> Any:
        now = datetime.now(UTC)
        with Session(engine, expire_on_commit=False) as session:
            session.connection(execution_options={"writes": True})
            attempt = session.scalars(select(Attempt).where(Attempt.id == attempt_id).with_for_update()).one()
            right = hmac.compare_digest(proof(attempt_id, request.form["code"]), attempt.proof_hash)
            attempt.version += 1
            if right:
                attempt.state = "verified"
                # The ticket has to be told.
                session.add(_message(attempt, "Caller verified", now))
            session.add(_event("verified" if right else "wrong code", attempt, now))
            session.commit()
            return render_template("rows.html", rows=[attempt], name="Dana Whitfield")

    return app


def _event(kind: str, attempt: Attempt, at: datetime) -> Happened:
    return Happened(at=at, kind=kind, attempt=attempt.id, technician=attempt.technician, number=attempt.number)


def _message(attempt: Attempt, body: str, at: datetime) -> Message:
    return Message(id=secrets.token_hex(13), attempt=attempt.id, payload=body, progress="ready", created_at=at)
