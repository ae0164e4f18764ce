"""The HTML part made ready for its frame.

What keeps it from running or loading anything is the frame's sandbox and its policy, see `FRAME_POLICY`. Here only
what these do not cover is changed: links open in a new tab, `cid:` images become data, and elements that speak to the
browser rather than to the reader are taken out. All else stays as it was sent, byte for byte.
"""

from __future__ import annotations

import html as entities
import re
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import unquote

from emulators.mail.tags import start_tags, written

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
FRAME_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    f"frame-ancestors 'self'; sandbox {SANDBOX}"
)
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"})

# A message may name the same image ten thousand times.
_MOST_INLINED = 16 * 1024 * 1024

_LINKS = frozenset({"a", "area"})
# A <base> would change where links lead, a <link> may open a connection ahead of time, which no policy forbids.
_TAKEN_OUT = frozenset({"base", "link"})
_CID = re.compile(r"(?P<before>[\"'=(]\s*)cid:(?P<cid>[^\s\"'()<>]+)", re.IGNORECASE)


def framed(html: str, images: Mapping[str, tuple[str, bytes]]) -> str:
    """`html` for the frame; `images` maps a Content-ID to its type and bytes."""
    shown, at = [], 0
    for tag in start_tags(html):
        if tag.name in _LINKS:
            replacement = written(tag.name, {**tag.attributes, "target": "_blank", "rel": "noopener noreferrer"})
        elif tag.name in _TAKEN_OUT or (tag.name == "meta" and "http-equiv" in tag.attributes):
            replacement = ""
        else:
            continue
        shown += [html[at : tag.start], replacement]
        at = tag.end
    return _inlined("".join([*shown, html[at:]]), images)


def hrefs(html: str) -> list[str]:
    """Where the links of `html` lead, in their order."""
    return [tag.attributes.get("href") or "" for tag in start_tags(html) if tag.name in _LINKS]


def _inlined(html: str, images: Mapping[str, tuple[str, bytes]]) -> str:
    left = _MOST_INLINED

    def image(found: re.Match[str]) -> str:
        nonlocal left
        kind, data = images.get(unquote(entities.unescape(found["cid"])), ("", b""))
        if kind not in IMAGE_TYPES or len(data) > left:
            return found.group()
        left -= len(data)
        return f"{found['before']}data:{kind};base64,{b64encode(data).decode()}"

    return _CID.sub(image, html)
