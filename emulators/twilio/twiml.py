"""TwiML, the XML that tells Twilio what to do on a call, read into verbs.

A document that Twilio's schema would not allow is refused as a whole with 12200, where Twilio often only warns and goes
on: here a mistake must show.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from emulators.twilio.errors import SAY_TOO_LONG, TWIML_NOT_ALLOWED, TWIML_UNREADABLE
from emulators.twilio.speech import SSML, Spoken, is_too_long, spoken

KEYS = "0123456789*#"


class TwimlError(Exception):
    """A document that cannot be carried out; `code` is Twilio's, the text says why."""

    def __init__(self, code: int, why: str) -> None:
        self.code = code
        super().__init__(why)


@dataclass(frozen=True)
class Say:
    """Words to speak, `loop` times; 0 is without end."""

    words: tuple[Spoken, ...]
    loop: int


@dataclass(frozen=True)
class Play:
    """A sound file, or the tones of `digits`; nobody hears it here, but it is noted."""

    url: str
    digits: str
    loop: int


@dataclass(frozen=True)
class Pause:
    """Silence of `length` seconds."""

    length: int


@dataclass(frozen=True)
class Gather:
    """Waits for keys, while the `prompts` are spoken and `timeout` seconds after them or after the last key."""

    prompts: tuple[Say | Play | Pause, ...]
    takes_keys: bool
    limit: int | None
    timeout: int
    finish_on: str
    barge_in: bool
    action: str
    method: str
    even_if_empty: bool


@dataclass(frozen=True)
class Redirect:
    """Goes on with another document; an empty `url` is the present one."""

    url: str
    method: str


@dataclass(frozen=True)
class Hangup:
    """Ends the call. <Reject> does the same: only an incoming call can be rejected [inferred]."""


Verb = Say | Play | Pause | Gather | Redirect | Hangup


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses a document type, and with it every entity of one's own."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise TwimlError(TWIML_UNREADABLE, "a document type is not allowed")


def parse(document: str | bytes) -> list[Verb]:
    """The verbs of a <Response>. Raises TwimlError: 12100 no XML, 12200 not allowed, 13521 too much to say."""
    # S314: entities cannot be declared without a document type, and that is refused.
    parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314
    try:
        parser.feed(document)
        root = parser.close()
    except (ElementTree.ParseError, LookupError, ValueError) as reason:
        raise TwimlError(TWIML_UNREADABLE, f"not XML: {reason}") from None
    if root.tag != "Response":
        raise TwimlError(TWIML_UNREADABLE, "the root is <Response>")
    return [_verb(element, _VERBS) for element in root]


def _verb(element: Element, known: Mapping[str, Callable[[Element], Verb]]) -> Verb:
    if element.tag not in known:
        raise TwimlError(TWIML_NOT_ALLOWED, f"<{element.tag}> is not known here")
    return known[element.tag](element)


def _check(element: Element, attributes: Collection[str], children: Collection[str] = ()) -> None:
    for name in element.attrib:
        if name not in attributes:
            raise TwimlError(TWIML_NOT_ALLOWED, f"<{element.tag}> has no attribute {name}")
    for child in element.iter():
        if child is not element and child.tag not in children:
            raise TwimlError(TWIML_NOT_ALLOWED, f"<{child.tag}> does not belong into <{element.tag}>")


def _number(element: Element, name: str, default: int, lowest: int = 0) -> int:
    text = element.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and int(text) >= lowest):
        raise TwimlError(TWIML_NOT_ALLOWED, f"{name} of <{element.tag}> is a number from {lowest}")
    return int(text)


def _choice(element: Element, name: str, values: Collection[str], default: str) -> str:
    text = element.get(name, default)
    if text not in values:
        raise TwimlError(TWIML_NOT_ALLOWED, f"{name} of <{element.tag}> is one of {', '.join(values)}")
    return text


def _truth(element: Element, name: str, default: bool) -> bool:
    return _choice(element, name, ("true", "false"), "true" if default else "false") == "true"


def _text(element: Element) -> str:
    return (element.text or "").strip()


def _say(element: Element) -> Say:
    _check(element, ("voice", "language", "loop"), SSML)
    voice = element.get("voice", "man")
    inner = (element.text or "") + "".join(ElementTree.tostring(child, "unicode") for child in element)
    if is_too_long(element, voice, inner):
        raise TwimlError(SAY_TOO_LONG, "too much to say")
    try:
        return Say(spoken(element, voice), _number(element, "loop", 1))
    except (ValueError, KeyError) as reason:
        raise TwimlError(TWIML_NOT_ALLOWED, str(reason)) from None


def _play(element: Element) -> Play:
    _check(element, ("loop", "digits"))
    play = Play(_text(element), element.get("digits", ""), _number(element, "loop", 1))
    if not (play.url or play.digits):
        raise TwimlError(TWIML_NOT_ALLOWED, "<Play> has a URL or digits")
    return play


def _pause(element: Element) -> Pause:
    _check(element, ("length",))
    return Pause(_number(element, "length", 1))


def _gather(element: Element) -> Gather:
    _check(
        element,
        (
            *("input", "action", "method", "timeout", "finishOnKey", "numDigits", "actionOnEmptyResult", "bargeIn"),
            *("language", "hints", "profanityFilter", "speechTimeout", "speechModel", "enhanced", "debug"),
            *("maxSpeechTime", "partialResultCallback", "partialResultCallbackMethod"),
        ),
        {*_PROMPTS, *SSML},
    )
    finish_on = element.get("finishOnKey", "#")
    if any(key not in KEYS for key in finish_on):
        raise TwimlError(TWIML_NOT_ALLOWED, "finishOnKey of <Gather> is made of 0 to 9, * and #")
    return Gather(
        prompts=tuple(_prompt(child) for child in element),
        takes_keys="dtmf" in element.get("input", "dtmf").split(),
        limit=_number(element, "numDigits", 0, 1) if element.get("numDigits") else None,
        timeout=_number(element, "timeout", 5),
        finish_on=finish_on,
        barge_in=_truth(element, "bargeIn", True),
        action=element.get("action", "").strip(),
        method=_choice(element, "method", ("GET", "POST"), "POST"),
        even_if_empty=_truth(element, "actionOnEmptyResult", False),
    )


def _prompt(element: Element) -> Say | Play | Pause:
    verb = _verb(element, _PROMPTS)
    assert isinstance(verb, Say | Play | Pause)
    return verb


def _redirect(element: Element) -> Redirect:
    _check(element, ("method",))
    return Redirect(_text(element), _choice(element, "method", ("GET", "POST"), "POST"))


def _hangup(element: Element) -> Hangup:
    _check(element, ())
    return Hangup()


def _reject(element: Element) -> Hangup:
    _check(element, ("reason",))
    _choice(element, "reason", ("rejected", "busy"), "rejected")
    return Hangup()


_PROMPTS: dict[str, Callable[[Element], Verb]] = {"Say": _say, "Play": _play, "Pause": _pause}
_VERBS: dict[str, Callable[[Element], Verb]] = {
    **_PROMPTS,
    "Gather": _gather,
    "Redirect": _redirect,
    "Hangup": _hangup,
    "Reject": _reject,
}
