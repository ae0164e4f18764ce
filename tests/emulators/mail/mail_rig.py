"""What the tests of the mail emulator hold in their hands: the running server, clients for it, and messages."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import requests

from emulators.mail import SMTP_PASSWORD, SMTP_USER, MailEmulator, Ports

DANA = "dana@larkfield.example"
SUPPORT = "support@northgate.example"


@dataclass
class Post:
    """The running emulator: pages at `origin`, SMTP at `ports`, and the authority that its clients trust."""

    origin: str
    ports: Ports
    authority: Path | None
    emulator: MailEmulator

    def trust(self) -> ssl.SSLContext:
        """Trusts our authority; without one those of the system, which do not know us."""
        return ssl.create_default_context(cafile=str(self.authority) if self.authority else None)

    @contextlib.contextmanager
    def client(self, *, login: bool = True, implicit: bool = False, timeout: float = 5) -> Iterator[smtplib.SMTP]:
        """A client over TLS, as the product's: STARTTLS, or TLS from the start where `implicit`."""
        if implicit:
            assert self.ports.tls is not None
            client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", self.ports.tls, timeout=timeout, context=self.trust())
        else:
            client = smtplib.SMTP("localhost", self.ports.plain, timeout=timeout)
        with contextlib.closing(client):
            if not implicit:
                client.starttls(context=self.trust())
            if login:
                client.login(SMTP_USER, SMTP_PASSWORD)
            yield client

    def send(self, message: EmailMessage | bytes, to: str | list[str] = DANA, sender: str = SUPPORT) -> Any:
        """Sends over STARTTLS; returns the refused recipients."""
        with self.client() as client:
            raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
            return client.sendmail(sender, to, raw)

    def faults(self, **values: Any) -> requests.Response:
        return requests.post(f"{self.origin}/_emulator/mail/faults", json=values, timeout=5)

    def reset(self) -> None:
        requests.post(f"{self.origin}/_emulator/mail/reset", timeout=5).raise_for_status()

    def messages(self, to: str | None = None, **parameters: Any) -> list[dict[str, Any]]:
        wanted = {**parameters, **({"to": to} if to else {})}
        answer = requests.get(f"{self.origin}/_emulator/mail/messages.json", params=wanted, timeout=5)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["messages"])

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.origin + path, timeout=5, **options)


def letter(subject: str = "Your code", text: str = "Your code is 870412\n", html: str | None = None) -> EmailMessage:
    """A message to Dana; with `html` a multipart/alternative."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Northgate Support <{SUPPORT}>"
    message["To"] = DANA
    message["Subject"] = subject
    message["Message-ID"] = "<d1@northgate.example>"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def dot(red: int = 36, green: int = 86, blue: int = 214) -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes([0, red, green, blue]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def wait_for(what: Callable[[], Any], seconds: float = 5) -> Any:
    """The first true value of `what`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found
