"""Who is at the other end of a call: a person at the phone page, or a script."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.twilio.calls import Call
from emulators.twilio.twiml import KEYS

ENDINGS = ("beep", "silence", "other")
GRAMMAR = (
    "A call script is person, busy, no_answer, failed, machine, machine:silence, machine:other, fax, silent, "
    "hang_up, hang_up:SECONDS, press:KEYS or press:KEYS:SECONDS."
)

# How long the detection listens before it is sure, in seconds of the call [inferred]: Twilio names no figures.
_PERSON_SECONDS, _MACHINE_SECONDS, _GREETING_SECONDS, _FAX_SECONDS = 1.5, 2.5, 6.0, 2.0


@dataclass(frozen=True)
class Callee:
    """What a script says: `kind` is its first word.

    `seconds` is when a hang-up comes after the answer, or a key after it was asked for; `keys` are pressed one after
    the other, each time a key is asked for; `ending` is how a machine's greeting ends.
    """

    kind: str = "person"
    keys: str = ""
    seconds: float = 0.0
    ending: str = "beep"

    @property
    def answers_by_itself(self) -> bool:
        """Whether nobody need touch the phone page."""
        return self.kind in ("machine", "fax", "silent", "hang_up", "press")

    @property
    def picks_up_as(self) -> str:
        """person, machine or fax."""
        return self.kind if self.kind in ("machine", "fax") else "person"

    def verdict(self, call: Call) -> tuple[str, float]:
        """What the machine detection of `call` makes of it (AnsweredBy), and after how many seconds."""
        to_the_end = call.detection == "DetectMessageEnd"
        answer, seconds = "human", _PERSON_SECONDS
        if self.kind == "machine" and to_the_end:
            answer, seconds = f"machine_end_{self.ending}", _GREETING_SECONDS
        elif self.kind == "machine":
            answer, seconds = "machine_start", _MACHINE_SECONDS
        elif self.kind == "fax":
            answer, seconds = "fax", _FAX_SECONDS
        elif self.kind == "silent":
            answer, seconds = "unknown", call.silence_ms / 1000
        if seconds > call.detection_seconds:
            return "unknown", float(call.detection_seconds)
        return answer, seconds


def read_script(script: str) -> Callee:
    """The callee that `script` describes; an empty one is a person. Raises ValueError with a sentence."""
    kind, *arguments = script.split(":") if script else ["person"]
    if kind in ("person", "busy", "no_answer", "failed", "fax", "silent") and not arguments:
        return Callee(kind)
    if kind == "machine" and len(arguments) <= 1 and all(each in ENDINGS for each in arguments):
        return Callee(kind, ending=arguments[0] if arguments else "beep")
    if kind == "hang_up" and len(arguments) <= 1 and all(map(_is_seconds, arguments)):
        return Callee(kind, seconds=float(arguments[0]) if arguments else 0.0)
    if kind == "press" and 1 <= len(arguments) <= 2 and all(map(_is_seconds, arguments[1:])):
        keys = arguments[0]
        if keys and all(key in KEYS for key in keys):
            return Callee(kind, keys, float(arguments[1]) if arguments[1:] else 0.0)
    raise ValueError(GRAMMAR)


def _is_seconds(text: str) -> bool:
    whole = text.replace(".", "", 1)
    return whole.isascii() and whole.isdecimal()
