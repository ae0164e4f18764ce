"""How many parts a text message is billed as.

GSM-7: 160 septets in one part, 153 per part of several; characters of the extension table cost two and are never
split. Anything else makes it UCS-2: 70 units in one part, 67 per part, a surrogate pair never split.
Source: 3GPP TS 23.038 and 23.040, as Twilio counts them.
"""

from __future__ import annotations

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")


def _fill(costs: list[int], single: int, per_part: int) -> int:
    if sum(costs) <= single:
        return 1
    parts, used = 1, 0
    for cost in costs:
        if used + cost > per_part:
            parts, used = parts + 1, 0
        used += cost
    return parts


def is_gsm7(text: str) -> bool:
    """Whether every character of `text` is in the GSM-7 alphabet or its extension table."""
    return all(character in GSM7 or character in GSM7_EXTENDED for character in text)


def count(text: str) -> int:
    """The number of parts of `text`; an empty text still is one part."""
    if is_gsm7(text):
        return _fill([2 if character in GSM7_EXTENDED else 1 for character in text], 160, 153)
    return _fill([2 if ord(character) > 0xFFFF else 1 for character in text], 70, 67)
