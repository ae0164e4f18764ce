"""The tenant's one colour: whether white can be read on it, and what follows from it on light and on dark grounds.

Contrast as WCAG 2 reckons it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable
from typing import Final

# What WCAG 2 asks of text of any size (AA).
READABLE: Final = 4.5
WHITE: Final = "#ffffff"
# The darkest and the lightest ground of our pages and letters that the colour is written on, and the ink on it there.
DARK_GROUND: Final = "#1f2226"
DARK_INK: Final = "#10182b"
_COLOUR = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_STEPS: Final = 400


def read(text: str) -> str:
    """A colour as #rrggbb. Raises ValueError where it is none."""
    match = _COLOUR.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a colour")
    digits = match[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def carries_white(colour: str) -> bool:
    """Whether white can be read on it."""
    return contrast(colour, WHITE) >= READABLE


def darkened(colour: str) -> str:
    """The nearest colour of the same hue that white can be read on."""
    hue, lightness, saturation = _hls(colour)
    candidates = (_hex(hue, lightness * n / _STEPS, saturation) for n in range(_STEPS, -1, -1))
    return next(each for each in candidates if carries_white(each))


def on_dark(colour: str) -> str:
    """The nearest colour of the same hue that can be read on a dark ground, and carries dark ink."""
    hue, lightness, saturation = _hls(colour)
    steps: Iterable[float] = (lightness + (1 - lightness) * n / _STEPS for n in range(_STEPS + 1))
    candidates = (_hex(hue, step, saturation) for step in steps)
    return next(each for each in candidates if min(contrast(each, DARK_GROUND), contrast(each, DARK_INK)) >= READABLE)


def mixed(colour: str, ground: str, share: float) -> str:
    """``ground`` with a share (0 to 1) of the colour in it."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(over * share + under * (1 - share)):02x}" for over, under in pairs)


def tint(colour: str, ground: str, most: float) -> str:
    """``ground`` with as much of the colour in it, up to ``most``, as still lets the colour be read on it."""
    shares = (most * n / 20 for n in range(20, -1, -1))
    tints = (mixed(colour, ground, share) for share in shares)
    return next((each for each in tints if contrast(colour, each) >= READABLE), ground)


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (channel / 255 for channel in _channels(colour))
    return colorsys.rgb_to_hls(red, green, blue)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in colorsys.hls_to_rgb(hue, lightness, saturation))
