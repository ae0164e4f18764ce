"""What a <Say> sounds like: its words one by one, with the silences between them.

Voices named `Polly.…` and `Google.…` obey SSML; the others read the plain text, whatever stands around it. What is to
be said as digits or characters comes one by one ("8 7 0"), so that a number read as a number ("870") can be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

SSML_VOICES = ("Polly.", "Google.")
SSML = frozenset(
    {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w", "mark", "speak", "voice"}
)
ONE_BY_ONE = frozenset({"digits", "character", "characters", "spell-out", "telephone", "verbatim"})
# Seconds for a named strength; none are documented by Twilio [inferred].
STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.0}
PLAIN_LIMIT, POLLY_LIMIT, GOOGLE_LIMIT = 4096, 3000, 5000


@dataclass(frozen=True)
class Spoken:
    """A word, and the seconds of silence after it. The word is empty where a silence comes first."""

    word: str
    silence: float = 0.0


def spoken(say: Element, voice: str) -> tuple[Spoken, ...]:
    """What is heard of the element `say`. Raises ValueError where a break has no proper time."""
    if not voice.startswith(SSML_VOICES):
        return tuple(Spoken(word) for word in "".join(say.itertext()).split())
    found: list[Spoken] = []
    for each in _heard(say):
        if not each.word and found:
            found[-1] = replace(found[-1], silence=found[-1].silence + each.silence)
        else:
            found.append(each)
    return tuple(found)


def is_too_long(say: Element, voice: str, inner_xml: str) -> bool:
    """Whether Twilio would refuse to read it (13521); the tags count for Google's voices only."""
    text = len("".join(say.itertext()))
    if voice.startswith("Google."):
        return len(inner_xml) > GOOGLE_LIMIT
    return text > (POLLY_LIMIT if voice.startswith("Polly.") else PLAIN_LIMIT)


def _heard(element: Element) -> Iterator[Spoken]:
    one_by_one = element.tag == "say-as" and element.get("interpret-as", "") in ONE_BY_ONE
    text = element.get("alias", "") if element.tag == "sub" else element.text or ""
    yield from (Spoken(word) for word in ("".join(text.split()) if one_by_one else text.split()))
    for child in element:
        if child.tag == "break":
            yield Spoken("", _seconds(child))
        else:
            yield from _heard(child)
        yield from (Spoken(word) for word in (child.tail or "").split())


def _seconds(pause: Element) -> float:
    text = pause.get("time")
    if text is None:
        return STRENGTHS[pause.get("strength") or "medium"]
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text)
    if parts is None:
        raise ValueError(f"a break lasts like 600ms or 1.5s, not {text}")
    return float(parts[1]) / (1000 if parts[2] == "ms" else 1)
