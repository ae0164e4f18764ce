"""What proves a technician stands in an address, and in no log: not even where somebody switches everything on."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from frame_rig import history
from parts import environment_of
from psa_rig import connected
from seeds import Seeds

from podserver.integrations.models import Integration, Psa
from podserver.logs import Sieve, redact

PROJECT = Path(__file__).resolve().parents[2]
SIGNATURE = "9efZOD8UqsAkdDuR2tHjgate1qLJag8+cr0KgkEVFNk="
INSIGHT = "q2VhR0dUbm9TcGFjZXNIZXJlMTI="
BODY = "2scAGIY1LGeQhciR2liF7fuz4c/4yLZagyWZXtAaf34="


@pytest.mark.parametrize(
    "text",
    [
        f"GET /pod/halo/k?id=1&agentId=42&hmac={SIGNATURE} HTTP/1.1",
        f"https://pod.example/pod/autotask/k?entityid=1&signature={INSIGHT}",
        f"https://pod.example/pod/autotask/k?SIGNATURE={INSIGHT}&entityid=1",
        f"/sign-in?next=/pod/halo/k%3Fid=1%26hmac%3D{SIGNATURE}",
        f"b'memberid=42&memberHash={SIGNATURE}'",
    ],
)
def test_the_sieve_takes_signatures_out_of_addresses_and_leaves_the_rest(text: str) -> None:
    said = redact(text)
    assert "[signature]" in said and SIGNATURE[:20] not in said and INSIGHT[:20] not in said
    assert said.startswith(text[:12])
    record = logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, "Error handling request %s", (text,), None)
    assert Sieve().filter(record) and SIGNATURE[:20] not in record.getMessage() and "[signature]" in record.getMessage()


@pytest.mark.parametrize("text", ["The tab's signature is not good", "signature", "hmac", "a signature = of Sam"])
def test_the_sieve_leaves_words_about_signatures(text: str) -> None:
    assert redact(text) == text


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def halo(app: Flask, northgate: Seeds) -> Integration:
    # Nobody answers there, so that the PSA's failure is in the log, too.
    values = {"resource_server": "http://localhost:9", "authorisation_server": "", "tenant": "", "client_id": "a" * 9,
              "sign_in": "pre-fill"}  # fmt: skip
    secrets = {"client_secret": "b" * 9, "tab_secret": "tab-secret-example-1"}
    return connected(northgate, Psa.HALO, "http://localhost:9", values, secrets)


@pytest.fixture
def server(app: Flask, halo: Integration, database_url: str, tmp_path: Path) -> Iterator[tuple[str, int, Path]]:
    """The real web server with its access log switched on and everything at debug: address, port, and its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "web.log"
    environment = {
        **environment_of(tmp_path, database_url),
        "PODSERVER_PORT": str(port),
        "PODSERVER_BASE_URL": f"http://127.0.0.1:{port}",
        "PODSERVER_LOCAL_HOSTS": "localhost:9",
        "PODSERVER_WORKERS": "1",
        "PATH": os.environ["PATH"],
    }
    # The integration's secrets are sealed under the application's own keys.
    environment["PODSERVER_SECRET_KEYS"] = ",".join(app.extensions["settings"].secret_keys)
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--access-logfile", "-",
               "--log-level", "debug", "wsgi:app"]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{url}/readyz", timeout=1).ok:
                    break
            time.sleep(0.05)
        yield url, port, log
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def test_no_log_of_a_run_holds_a_signature(server: tuple[str, int, Path], halo: Integration, northgate: Seeds) -> None:
    url, port, log = server
    door = f"{url}/pod/halo/{halo.pod_key}"
    ours = {"Sec-Fetch-Site": "same-origin"}
    query = f"id=4713&screen=ticket&agentId=42&hmac={SIGNATURE}"
    seen = [
        requests.get(f"{door}?{query}", timeout=5).status_code,
        requests.get(f"{url}/pod/halo/nosuchkey?{query}", timeout=5).status_code,
        requests.get(f"{url}/pod/autotask/nosuchkey?entityid=1&signature={INSIGHT}", timeout=5).status_code,
        requests.get(f"{url}/nowhere?{query}", timeout=5).status_code,
        requests.post(f"{door}?{query}", timeout=5).status_code,
        requests.get(f"{door}?x=\0&{query}", timeout=5).status_code,
    ]
    assert seen == [200, 404, 404, 404, 405, 400]
    # A good signature, whose agent cannot be asked for; one of another agent; and one in the address as well.
    for agent, proof in (("42", SIGNATURE), ("7", SIGNATURE), ("42", BODY)):
        form = {"id": "4713", "screen": "ticket", "memberid": agent, "memberHash": proof}
        requests.post(f"{door}/session?hmac={SIGNATURE}", data=form, headers=ours, timeout=5)
    for line in (
        f"GET /pod/halo/{halo.pod_key}?area=Bell & Sons&hmac={SIGNATURE} HTTP/1.1\r\n\r\n",
        f"GET /pod/halo/{halo.pod_key}?hmac={SIGNATURE}\r\n\r\n",
        f"GET /pod/halo/{halo.pod_key}?hmac={SIGNATURE}&x={'y' * 3000} HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
            wire.sendall(line.encode())
            assert wire.recv(4096)[:10] == b"HTTP/1.1 4"
    text = log.read_text(errors="replace")
    assert text.count("/pod/halo/") > 5 and "Invalid request from ip" in text, "the logs are switched on"
    for proof in (SIGNATURE, INSIGHT, BODY):
        for written in (proof, proof[:20], proof.replace("+", "%2B").replace("=", "%3D")[:24]):
            assert written not in text, [line for line in text.splitlines() if written in line]
    assert not re.search(r"(?i)hmac=[^\[]", text)
    told = str(history(northgate, "pod refused", "pod opened", "keys refused"))
    assert "claimed member" in told and SIGNATURE[:20] not in told and BODY[:20] not in told
