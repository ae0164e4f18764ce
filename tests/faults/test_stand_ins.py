"""Codes sent through somebody else's Twilio: `emulate` from npm, of which nothing is our view of things."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import parts
import pytest
import requests
from technician import Pod, another
from trial import Trial
from world import PROJECT, free_port, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.standin]

EMULATE: Final = PROJECT / "build" / "stand-ins" / "node_modules" / "emulate" / "dist" / "index.js"
ACCOUNT: Final = "AC" + "0" * 32
TOKEN: Final = "twilio_test_auth_token"
NUMBER: Final = "+15551234567"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL. It listens on every interface, so it lives no longer than these tests."""
    node = shutil.which("node")
    if node is None or not EMULATE.exists():
        parts.missing("The npm stand-in emulate@0.11.2")
    port = free_port()
    log = tmp_path_factory.mktemp("stand-in") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(node), str(EMULATE), "start", "--service", "twilio", "--port", str(port)],
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for("the stand-in", lambda: requests.get(url, timeout=1).status_code < 500, 30)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def elsewhere(stand_in: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A world whose Twilio is the stand-in."""
    state = tmp_path_factory.mktemp("elsewhere")
    trial = Trial(state, parts.environment_of(state, f"sqlite:///{state / 'podserver.db'}"))
    trial.environment["PODSERVER_TWILIO_API_URL"] = stand_in
    try:
        account = ("--twilio-account-sid", ACCOUNT, "--twilio-from", NUMBER)
        yield trial.begin(*account, PODSERVER_DEMO_TWILIO_AUTH_TOKEN=TOKEN)
    finally:
        trial.end()


def sent_to(stand_in: str, number: str) -> list[dict[str, Any]]:
    """What the stand-in took for a number."""
    url = f"{stand_in}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    found = requests.get(url, params={"To": number}, auth=(ACCOUNT, TOKEN), timeout=5).json()["messages"]
    return [message for message in found if message["to"] == number]


def say(stand_in: str, sid: str, status: str) -> None:
    """Let the stand-in change a message's status, and tell us."""
    answer = requests.post(
        f"{stand_in}/_twilio/simulate/message-status",
        json={"MessageSid": sid, "Status": status},
        auth=(ACCOUNT, TOKEN),
        timeout=20,
    )
    assert answer.ok, answer.text


def handed_over(trial: Trial, stand_in: str) -> tuple[Pod, str, dict[str, Any]]:
    """A verification whose SMS the stand-in has."""
    pod = trial.pod(trial.new_caller())
    verification = pod.start().verification
    messages = wait_for("the stand-in's message", lambda: sent_to(stand_in, pod.caller.number))
    wait_for("the record", lambda: trial.outbox(verification)["progress"] == "done")
    assert len(messages) == 1
    return pod, verification, messages[0]


def test_a_code_goes_through_another_makers_twilio_and_verifies(elsewhere: Trial, stand_in: str) -> None:
    pod, verification, message = handed_over(elsewhere, stand_in)
    assert (message["from"], message["direction"]) == (NUMBER, "outbound-api")
    assert elsewhere.outbox(verification)["provider_ref"] == message["sid"]
    code = re.search(r"Code: (\d{6})$", message["body"])
    assert code, message["body"]
    assert pod.check(verification, another(code[1])).problem == "Wrong code. 4 tries left."
    assert pod.check(verification, code[1]).shield == "verified"
    assert len(sent_to(stand_in, pod.caller.number)) == 1


def test_its_signed_callbacks_pass_our_door_and_move_the_pod(elsewhere: Trial, stand_in: str) -> None:
    pod, verification, message = handed_over(elsewhere, stand_in)
    # It calls back already at the creation, before it answers.
    assert elsewhere.rows("SELECT status FROM inbox WHERE provider_ref = :s", s=message["sid"]) == [
        {"status": "queued"}
    ]
    for status, words in (("sent", "on its way"), ("delivered", "delivered to the phone")):
        say(stand_in, message["sid"], status)
        wait_for(status, lambda status=status: elsewhere.newest(pod.caller)["delivery"] == status)
        assert words in pod.load().text
    say(stand_in, message["sid"], "sent")
    assert elsewhere.newest(pod.caller)["delivery"] == "delivered"
    assert elsewhere.kinds(verification) == ["requested", "sent", "delivered"]
    assert not elsewhere.rows("SELECT 1 FROM history_events WHERE kind = 'forged callback refused'")


def test_its_failure_ends_the_verification_and_notes_it(elsewhere: Trial, stand_in: str) -> None:
    pod, _verification, message = handed_over(elsewhere, stand_in)
    say(stand_in, message["sid"], "undelivered")
    wait_for("the failure", lambda: elsewhere.newest(pod.caller)["state"] == "failed")
    assert pod.load().shield == "failed"
    wait_for("the note", lambda: elsewhere.notes(pod.caller.ticket))


def test_a_wrong_token_is_refused_there_and_said_here(elsewhere: Trial, stand_in: str) -> None:
    elsewhere.commands(
        ("sms", "--tenant", "Northgate IT", "--account-sid", ACCOUNT, "--sender", NUMBER),
        PODSERVER_TWILIO_AUTH_TOKEN="not-the-token-of-this-account",
    )
    pod = elsewhere.pod(elsewhere.new_caller())
    pod.start()
    wait_for("the refusal", lambda: elsewhere.newest(pod.caller)["state"] == "failed")
    assert "Twilio refused the account's keys" in elsewhere.newest(pod.caller)["reason"]
    assert not sent_to(stand_in, pod.caller.number)
