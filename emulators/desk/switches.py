"""What can be broken below the desk: in each group one thing at most, by a request to the control of a stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TWILIO = "/_emulator/twilio/faults"
MAIL = "/_emulator/mail/faults"
DUO = "/_emulator/duo/faults"
ENTRA = "/_emulator/entra/faults"
INBOUND = "/_emulator/twilio/inbound"
MANY_REQUESTS = 100_000

# What of the phone on the desk a switch may speak of. Without it, there is nothing to switch.
NUMBER, UPN = "$number", "$upn"


@dataclass(frozen=True)
class Switch:
    """One thing to break: what it is called, what it does in a sentence, and the values it posts for on and off.

    The texts `$number` and `$upn` in the values stand for the number and the Microsoft sign-in name of the phone on
    the desk; `about` says which of them is needed.
    """

    label: str
    sentence: str
    on: dict[str, Any]
    off: dict[str, Any]
    url: str
    about: str = ""


def _faults(url: str, *rows: tuple[str, str, str, object, object]) -> list[Switch]:
    """Switches of one control, each the label, the sentence, the fault's name, and its values for on and off."""
    return [Switch(label, sentence, {fault: on}, {fault: off}, url) for label, sentence, fault, on, off in rows]


def _of_psa(psa: str, url: str, down: object, waits: tuple[str, object, object], loses: str, revoked: str,
            **also: tuple[object, object]) -> list[Switch]:  # fmt: skip
    """The troubles of a ticketing system by the names and values that its own control has for them.

    `also` are further faults, on and off, that go with revoked keys.
    """
    keys = Switch(
        "Keys revoked",
        f"{psa} refuses podserver's keys, as if they had been revoked. Once they are good, give it a minute.",
        {revoked: True} | {name: on for name, (on, _) in also.items()},
        {revoked: False} | {name: off for name, (_, off) in also.items()},
        url,
    )
    return [
        *_faults(
            url,
            ("Slow", f"{psa} takes four seconds for every answer.", "slow_seconds", 4, 0),
            ("Down", f"{psa} is down.", "down", down, False),
            ("Asks to wait", f"{psa} asks podserver to come back later.", *waits),
            ("Answer lost", f"{psa} does the next write, but its answer is lost.", loses, 1, 0),
        ),
        keys,
    ]


# By the key of the ticketing system: what the group is called, and its switches.
PSA_GROUPS: dict[str, tuple[str, list[Switch]]] = {
    "connectwise": (
        "ConnectWise",
        _of_psa(
            "ConnectWise", "/_emulator/connectwise/faults", "503", ("rate_limit", MANY_REQUESTS, 0),
            "lose_answer_after_write", "wrong_keys",
        ),
    ),
    "halo": (
        "HaloPSA",
        _of_psa("HaloPSA", "/halo/_control/faults", True, ("too_many", True, False), "lose_answer", "revoked"),
    ),
    "autotask": (
        "Autotask",
        # The user would stay locked after the fifth refusal, when the keys are good again.
        _of_psa(
            "Autotask", "/autotask/_control/faults", True, ("rate_limit", True, False), "lose_answer_after_write",
            "wrong_keys", lock_after=(0, 5),
        ),
    ),
    "kaseya_bms": (
        "Kaseya BMS",
        _of_psa(
            "Kaseya BMS", "/kaseya_bms/_control/faults", True, ("throttled", True, False), "answer_lost", "revoked"
        ),
    ),
    "superops": (
        "SuperOps",
        _of_psa(
            "SuperOps", "/superops/_control/faults", True, ("too_many_requests", True, False),
            "lose_answer_after_write", "token_revoked",
        ),
    ),
}  # fmt: skip


GROUPS: dict[str, list[Switch]] = {
    "SMS": [
        *_faults(
            TWILIO,
            ("Carrier refuses", "The carrier filters every message (30007).", "undelivered_code", 30007, 0),
            ("Not a mobile", "The number turns out to be no mobile number (21614).", "refuse_code", 21614, 0),
        ),
        Switch(
            "STOP",
            "The person has texted STOP from this phone (21610).",
            {"from": NUMBER, "body": "STOP"},
            {"from": NUMBER, "body": "START"},
            INBOUND,
            about="number",
        ),
        *_faults(
            TWILIO,
            ("Undelivered", "The handset cannot be reached (30003).", "undelivered_code", 30003, 0),
            ("No receipts", "Messages arrive, but no receipt ever comes.", "no_receipts", True, False),
            ("Down", "Twilio does not answer at all, neither for texts nor for calls.", "down", True, False),
            ("Answer lost", "The next text is sent, but the answer is lost.", "accept_then_drop_answer", 1, False),
        ),
    ],
    "Calls": _faults(
        TWILIO,
        ("Busy", "Whoever is called is on the phone already.", "call_script", "busy", "person"),
        ("Voicemail", "Voicemail takes every call. It presses no key, so it hears no code.", "call_script", "machine",
         "person"),
        ("No answer", "Nobody takes the call.", "call_script", "no_answer", "person"),
        ("Refused", "Calls to this country are not allowed (21215).", "call_refuse_code", 21215, 0),
    ),
    "Mail": _faults(
        MAIL,
        ("Bounces", "The server takes every letter, and returns it to the help desk later.", "bounce_later", True,
         False),
        ("Down", "The mail server cannot be reached.", "down", "refused", False),
        ("Login refused", "The mail server refuses the login.", "refuse_login", True, False),
        ("Answer lost", "The next letter is taken, but the answer is lost.", "accept_then_drop_answer", 1, False),
    ),
    "Duo": _faults(
        DUO,
        ("Down", "Duo does not answer at all.", "down", True, False),
        ("Push fails", "No push reaches its phone.", "push_failed", True, False),
        ("No answer", "Pushes arrive, but the buttons on the phone do nothing.", "never_answers", True, False),
    ),
    "Microsoft": [
        Switch(
            "Default is SMS",
            "This person's default sign-in method is a texted code, so no push can be sent.",
            {"preferred": {UPN: "sms"}},
            {"preferred": {UPN: None}},
            ENTRA,
            about="upn",
        ),
        *_faults(
            ENTRA,
            ("Down", "Microsoft does not answer at all.", "down", True, False),
            ("Push is down", "Only the service behind the push does not answer.", "push_down", True, False),
        ),
    ],
}  # fmt: skip
