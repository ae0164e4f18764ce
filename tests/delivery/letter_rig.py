"""The mail server on real sockets, servers that say what a test wants them to say, and an account that uses them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from seeds import Seeds

from emulators.mail import SMTP_PASSWORD, SMTP_USER, MailEmulator, Ports
from emulators.mail.messages import Mail
from emulators.tls import certificates
from podserver.branding.letters import Letterhead, compose
from podserver.configuration import Settings
from podserver.database import db, writing
from podserver.delivery import mail_accounts, outbox
from podserver.delivery.mail_accounts import MailServer
from podserver.delivery.models import OutboxRow
from podserver.security import sealing
from podserver.tenancy import bind_tenant
from podserver.verification.destinations import email_target
from podserver.verification.methods.base import Target

# For tests whose outcome cannot depend on the database.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DANA = "dana@larkfield.example"
SUPPORT = "support@northgate.example"


@dataclass
class SortingOffice:
    """The mail emulator: STARTTLS at ``ports.plain``, TLS at ``ports.tls``, its authority's file in ``folder``."""

    emulator: MailEmulator
    ports: Ports
    folder: Path

    @property
    def authority(self) -> Path:
        return certificates(self.folder).authority

    def server_context(self) -> ssl.SSLContext:
        return certificates(self.folder).server_context()

    def mails(self, to: str = "") -> list[Mail]:
        return self.emulator.store.newest(to)


@contextmanager
def serve_mail(folder: Path) -> Iterator[SortingOffice]:
    """The emulator until the end of the block, with certificates of the authority in ``folder``."""
    emulator = MailEmulator()
    ports = emulator.serve("localhost", 0, certificates(folder).server_context(), 0)
    try:
        yield SortingOffice(emulator, ports, folder)
    finally:
        emulator.stop()


def server(port: int, **other: Any) -> MailServer:
    """An account at a server on this machine: the emulator's, with STARTTLS, where nothing else is said."""
    usual = MailServer("localhost", port, "starttls", SMTP_USER, SMTP_PASSWORD, SUPPORT)
    return replace(usual, **other)


class Sender:
    """A tenant with a mail server, and a worker's hands."""

    def __init__(self, app: Flask, account: MailServer | None, msp: str = "Northgate IT") -> None:
        self.app = app
        self.seeds = Seeds(db.session(), msp, at=datetime.now(UTC))
        self.session = self.seeds.session
        if account is not None:
            self.use(account)

    def use(self, account: MailServer) -> None:
        self.bind()
        with writing(self.session) as session:
            mail_accounts.save(session, account, actor="tests", at=self.seeds.at)

    def bind(self) -> None:
        bind_tenant(self.session, self.seeds.tenant.id)

    def target(self, address: str = DANA) -> Target:
        return email_target(
            hash_key=self.seeds.tenant.hash_key, integration_id=self.seeds.integration.id, contact="77", value=address
        )

    def post(self, to: str = DANA, **other: Any) -> str:
        """Write a row for the mail channel; returns its id."""
        letter = compose("test", Letterhead(self.seeds.tenant.name), name="Alex Moreno")
        payload = {**letter.payload(to, "Dana Whitfield", 0), **other}
        self.bind()
        with writing(self.session) as session:
            return outbox.add(
                session,
                channel="mail",
                topic=mail_accounts.TRIAL,
                subject=sealing.random_id(),
                payload=payload,
                at=datetime.now(UTC),
            )

    def hand_over(self, row_id: str, *, at: datetime | None = None) -> OutboxRow:
        """Do what a worker does with one row, once."""
        exchange = self.app.extensions["exchange"]
        outbox.deliver(self.session, exchange, row_id, lambda: at or datetime.now(UTC))
        return self.row(row_id)

    def send(self, to: str = DANA, **other: Any) -> OutboxRow:
        return self.hand_over(self.post(to, **other))

    def row(self, row_id: str) -> OutboxRow:
        self.bind()
        self.session.expire_all()
        found = self.session.get_one(OutboxRow, row_id)
        self.session.expunge(found)
        self.session.rollback()
        return found


def read(mail: Mail) -> EmailMessage:
    """A kept message, as a mail program reads it."""
    message = message_from_bytes(mail.raw, policy=modern)
    assert isinstance(message, EmailMessage)
    return message


class Line:
    """The server's side of a connection: a test writes replies and reads commands."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._file = sock.makefile("rb")

    def say(self, *lines: str) -> None:
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def hear(self) -> str:
        return self._file.readline().decode("utf-8", "replace").rstrip("\r\n")

    def close(self) -> None:
        # The file holds the connection open as well.
        self._file.close()
        self.sock.close()

    def secure(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self._file = self.sock.makefile("rb")

    def letter(self) -> bytes:
        """What comes after DATA, to the final dot."""
        got = b""
        while not got.endswith(b"\r\n.\r\n") and (more := self._file.readline()):
            got += more
        return got


@dataclass
class Scripted:
    """A server on this machine that behaves as a test's function does; ``heard`` are the commands of all clients."""

    port: int
    heard: list[str]


@contextmanager
def scripted(talk: Callable[[Line], None]) -> Iterator[Scripted]:
    """Serve ``talk`` to every client, each in a thread of its own, until the end of the block."""
    listening = socket.create_server(("127.0.0.1", 0))
    here = Scripted(listening.getsockname()[1], [])

    def attend(sock: socket.socket) -> None:
        line = Line(sock)
        hear = line.hear
        line.hear = lambda: here.heard.append(hear()) or here.heard[-1]  # type: ignore[method-assign,func-returns-value]
        with contextlib.suppress(OSError):
            talk(line)
        with contextlib.suppress(OSError):
            line.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=attend, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield here
    finally:
        listening.close()


def greeted(line: Line, context: ssl.SSLContext, *extensions: str) -> None:
    """The server's side up to the login: greeting, STARTTLS, EHLO; ``extensions`` are offered over TLS."""
    line.say("220 mail.larkfield.example ESMTP")
    line.hear()
    line.say("250-mail.larkfield.example", "250 STARTTLS")
    line.hear()
    line.say("220 2.0.0 Ready")
    line.secure(context)
    line.hear()
    line.say("250-mail.larkfield.example", *(f"250-{each}" for each in extensions), "250 PIPELINING")


def answers(context: ssl.SSLContext, replies: dict[str, str], *extensions: str) -> Callable[[Line], None]:
    """A server that gives these replies to the commands that begin so, and 250 to all others; DATA is read to its end.

    ``DOT`` is the reply to the letter; an empty reply hangs up.
    """

    def talk(line: Line) -> None:
        greeted(line, context, *(extensions or ("AUTH PLAIN LOGIN",)))
        while command := line.hear():
            verb = next((each for each in replies if command.upper().startswith(each)), "")
            usual = "235 2.7.0 OK" if command.startswith("AUTH") else "354 Go" if command == "DATA" else "250 2.0.0 OK"
            reply = replies[verb] if verb else usual
            if not reply:
                return
            line.say(*reply.split("\n"))
            if reply.startswith("354"):
                line.letter()
                if not replies.get("DOT", "250 2.0.0 OK"):
                    return
                line.say(replies.get("DOT", "250 2.0.0 OK"))

    return talk


def lenient(settings: Settings) -> Settings:
    """Settings under which any port of this machine may be spoken to."""
    return replace(settings, local_hosts=settings.local_hosts | {"localhost"})
