"""The fault switches below the desk. Each is one request to a control; in a group at most one is on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONNECTWISE = "/_emulator/connectwise/faults"
TWILIO = "/_emulator/twilio/faults"
INBOUND = "/_emulator/twilio/inbound"
MANY_REQUESTS = 100_000


@dataclass(frozen=True)
class Switch:
    """A button: what it says, what it does in a sentence, and the values it posts for on and off.

    A value of `$handset` stands for the number of the phone on the desk.
    """

    label: str
    sentence: str
    on: dict[str, Any]
    off: dict[str, Any]
    url: str


def _connectwise(label: str, sentence: str, fault: str, on: object, off: object) -> Switch:
    return Switch(label, sentence, {fault: on}, {fault: off}, CONNECTWISE)


def _twilio(label: str, sentence: str, fault: str, on: object, off: object) -> Switch:
    return Switch(label, sentence, {fault: on}, {fault: off}, TWILIO)


GROUPS: dict[str, list[Switch]] = {
    "ConnectWise": [
        _connectwise("Slow", "ConnectWise takes four seconds for every answer.", "slow_seconds", 4, 0),
        _connectwise("Down", "ConnectWise is down and answers 503.", "down", "503", False),
        _connectwise("429", "ConnectWise asks us to come back later.", "rate_limit", MANY_REQUESTS, 0),
        _connectwise(
            "Answer lost", "ConnectWise does the next write, but its answer is lost.", "lose_answer_after_write", 1, 0
        ),
    ],
    "SMS": [
        _twilio("Carrier refuses", "The carrier filters every message (30007).", "undelivered_code", 30007, 0),
        _twilio("Not a mobile", "The number turns out to be no mobile number (21614).", "refuse_code", 21614, 0),
        Switch(
            "STOP",
            "The person has texted STOP from this phone (21610).",
            {"from": "$handset", "body": "STOP"},
            {"from": "$handset", "body": "START"},
            INBOUND,
        ),
        _twilio("Undelivered", "The handset cannot be reached (30003).", "undelivered_code", 30003, 0),
        _twilio("No receipts", "Messages arrive, but no receipt ever comes.", "no_receipts", True, False),
        _twilio("Down", "The SMS provider does not answer at all.", "down", True, False),
        _twilio(
            "Answer lost", "The next message is sent, but the answer is lost.", "accept_then_drop_answer", 1, False
        ),
    ],
}
