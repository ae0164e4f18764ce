"""The words that Twilio obeys by itself: the whole message, in any case."""

from __future__ import annotations

KEYWORDS = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "STOP"),
    **dict.fromkeys(("START", "UNSTOP"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}

REPLIES = {
    "STOP": "You will get no more messages from this number. Reply START to get them again.",
    "START": "You will get messages from this number again. Reply HELP for help, STOP to end them.",
    "HELP": "Reply STOP to end messages from this number. Message and data rates may apply.",
}


def keyword_in(body: str) -> str | None:
    """STOP, START or HELP if the message is nothing but one of their words."""
    return KEYWORDS.get(body.strip().upper())
