"""The composed application and its server process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

PROJECT = Path(__file__).resolve().parents[3]
# Any free ports, as a demo may be running.
ELSEWHERE = ("--tls-port", "0", "--smtp-port", "0")


def test_everything_is_on_one_origin(desk: str):
    assert requests.get(f"{desk}/readyz", timeout=5).json() == {"ready": True}
    for path in ("/", "/phone", "/handset", "/mailbox", "/connectwise/ticket/48213", "/login/companyinfo/northgate"):
        assert requests.get(desk + path, timeout=5).status_code == 200, path


def test_people_see_pages_under_a_loopback_name_only(desk: str):
    for path in ("/", "/phone", "/handset", "/connectwise/ticket/48213", "/_emulator/connectwise/faults"):
        assert requests.get(desk + path, headers={"Host": "evil.example"}, timeout=5).status_code == 403, path
    assert requests.get(f"{desk}/readyz", headers={"Host": "emulators.internal"}, timeout=5).status_code == 200


def test_pages_carry_a_strict_policy_and_no_inline_script(desk: str):
    for path in ("/", "/phone", "/handset"):
        answer = requests.get(desk + path, timeout=5)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert " style=" not in answer.text
        assert answer.text.count("<script") == 1


@pytest.mark.processes
def test_the_server_prints_one_line_and_ends_on_a_signal_with_its_state_saved(tmp_path: Path):
    command = [sys.executable, "-m", "emulators", "--port", "0", *ELSEWHERE, "--state", str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert line.startswith("The emulators are ready at http://localhost:")
        origin = line.split()[-1].rstrip("/")
        wanted = {"from": "+12025550142", "body": "Hello"}
        requests.post(f"{origin}/_emulator/twilio/inbound", json=wanted, timeout=5).raise_for_status()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")
    assert "Hello" in (tmp_path / "twilio.json").read_text()


@pytest.mark.processes
def test_a_taken_port_is_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "emulators", "--port", port, *ELSEWHERE]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert f"Cannot listen on localhost at all of {port}, 0, 0. Is one in use?" in done.stderr
