"""Letters to somebody else's mail server: MailDev from npm, of which nothing is our view of things."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import parts
import pytest
import requests
from flask import Flask
from letter_rig import DANA, SUPPORT, Sender, lenient, on_one_database, server
from provider_rig import Providers
from world import PROJECT, free_port, wait_for

from emulators.tls import certificates
from podserver.branding import service as branding
from podserver.configuration import Settings
from podserver.database import writing
from podserver.delivery import mail_accounts
from podserver.delivery.models import Progress

pytestmark = [pytest.mark.processes, pytest.mark.standin, on_one_database]

MAILDEV: Final = PROJECT / "build" / "stand-ins" / "node_modules" / "maildev" / "dist" / "bin" / "maildev.js"
USER: Final = "support@northgate.example"
PASSWORD: Final = "pässwörd of the stand-in"


@dataclass
class MailDev:
    """Where it listens."""

    smtp: int
    web: int

    def mails(self) -> list[dict[str, Any]]:
        found = requests.get(f"http://127.0.0.1:{self.web}/api/email", timeout=5).json()
        return list(found["emails"] if isinstance(found, dict) else found)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[MailDev]:
    """It keeps mail in memory, and lives no longer than the block."""
    node = shutil.which("node")
    if node is None or not MAILDEV.exists():
        parts.missing("The npm stand-in maildev@3.0.0")
    here = MailDev(free_port(), free_port())
    command = [
        str(node), str(MAILDEV), "--ip", "127.0.0.1", "--smtp", str(here.smtp), "--web-ip", "127.0.0.1",
        "--web", str(here.web), "--incoming-user", USER, "--incoming-pass", PASSWORD, *options,
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={"PATH": os.environ["PATH"], "TMPDIR": str(folder)}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for("MailDev", lambda: requests.get(f"http://127.0.0.1:{here.web}/api/email", timeout=1).ok, 30)
        yield here
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def stand_in(served: Providers, tmp_path: Path) -> Iterator[MailDev]:
    """With TLS from the start; STARTTLS it cannot."""
    certified = certificates(served.authority.parent)
    secured = ("--incoming-secure", "--incoming-cert", str(certified.chain), "--incoming-key", str(certified.key))
    with running(tmp_path, *secured) as here:
        yield here


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return lenient(settings)


def test_another_makers_server_takes_our_letters_and_reads_them_as_they_were_meant(
    app: Flask, stand_in: MailDev
) -> None:
    sender = Sender(app, server(stand_in.smtp, security="tls", username=USER, password=PASSWORD))
    sender.seeds.set(name="Größe & Söhne, IT")
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
    sender.bind()
    with writing(sender.session) as session:
        branding.save(session, branding.Look("#2457d6"), png, keep_logo=True, actor="tests", at=sender.seeds.at)
    row = sender.send(
        name="Zoë 👩‍👩‍👧 Ferrer", subject="Größe ✓ " + "lang " * 30, text="Grüße\n.\n..\nEnde\n", logo=True,
        html='<p>Grüße</p><img src="cid:logo" alt="">',
    )  # fmt: skip
    assert (row.progress, row.status) == (Progress.DONE, "sent")
    (mail,) = wait_for("the letter", stand_in.mails)
    assert mail["from"] == [{"address": SUPPORT, "name": "Größe & Söhne, IT"}]
    assert mail["to"] == [{"address": DANA, "name": "Zoë 👩‍👩‍👧 Ferrer"}]
    assert mail["subject"].split() == ["Größe", "✓", *["lang"] * 30]
    assert mail["text"].splitlines() == ["Grüße", ".", "..", "Ende"]
    assert "Grüße" in mail["html"]
    assert mail["headers"]["auto-submitted"] == "auto-generated"
    assert mail["headers"]["message-id"] == f"<{row.id}@northgate.example>"
    (image,) = mail["attachments"]
    assert (image["contentType"], image["contentId"]) == ("image/png", "logo")


def test_its_refusal_of_a_password_is_told(app: Flask, stand_in: MailDev, served: Providers) -> None:
    good = server(stand_in.smtp, security="tls", username=USER, password=PASSWORD)
    hosts = frozenset({"localhost"})
    verdict = mail_accounts.check(good, "https://pod.example.com", served.authority, hosts)
    assert verdict.accepted, verdict.sentence
    sender = Sender(app, server(stand_in.smtp, security="tls", username=USER, password="not it at all"))
    row = sender.send()
    assert (row.progress, row.error) == (
        Progress.FAILED,
        "the mail server refused our login, an admin has to look under Mail",
    )
    assert not stand_in.mails()


def test_without_tls_it_learns_neither_password_nor_letter(app: Flask, tmp_path: Path) -> None:
    with running(tmp_path) as plain:
        row = Sender(app, server(plain.smtp, username=USER, password=PASSWORD)).send()
        assert not plain.mails()
    assert (row.progress, row.error) == (
        Progress.FAILED,
        "the mail server offers no encryption, an admin has to look under Mail",
    )
