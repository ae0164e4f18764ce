"""The logo: whatever is uploaded is drawn anew, so that nothing but its pixels is kept.

A file can be a picture and something else at once, claim a size that fills the memory, or hold a program. What is seen
to be such a file is refused with a sentence; what is not seen does not survive the drawing.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_UPLOAD: Final = 1024 * 1024
LARGEST_LOGO: Final = 50 * 1024
WIDTH: Final = 480
HEIGHT: Final = 160
# What 32 MB of memory hold while it is drawn anew.
_PIXELS: Final = 8_000_000
_SIDE: Final = 10_000
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
_STARTS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_PROGRAMS: Final = (b"<script", b"<?php", b"<!doctype html", b"<html", b"<svg", b"<iframe")
_ARCHIVES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"%PDF-")


class BadLogo(ValueError):
    """The upload is no logo; the message is a sentence for the admin."""


_TOO_MANY_PIXELS: Final = f"This picture has too many pixels. {WIDTH} x {HEIGHT} are enough; export a smaller one."
_DAMAGED: Final = "This picture is damaged and cannot be read. Export it anew."


def drawn(upload: bytes) -> bytes:
    """A PNG of at most 480 x 160 pixels and 50 KB, with the upload's pixels and nothing else of it. Raises BadLogo."""
    _look_at(upload)
    # Imported where it is used: web workers that never see an upload must stay small.
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(upload), formats=_FORMATS) as opened:
            _refuse_giants(opened.size)
            # A JPEG can be decoded at a fraction of its size.
            opened.draft("RGB", (WIDTH * 2, HEIGHT * 2))
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except BadLogo:
        raise
    except Image.DecompressionBombError:
        raise BadLogo(_TOO_MANY_PIXELS) from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, struct.error, IndexError, KeyError, TypeError):
        # Decoders break on broken files in many ways.
        raise BadLogo(_DAMAGED) from None
    picture.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return _packed(picture)


def _look_at(upload: bytes) -> None:
    """Refuse what need not be decoded to be known."""
    if not upload:
        raise BadLogo("The file is empty.")
    if len(upload) > LARGEST_UPLOAD:
        raise BadLogo("A logo file has 1 MB at most. Export a smaller one.")
    head = upload[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")):
        raise BadLogo("An SVG can hold programs, and many mail programs show none. Export the logo as PNG.")
    webp = upload[:4] == b"RIFF" and upload[8:12] == b"WEBP"
    if not webp and not upload.startswith(_STARTS):
        raise BadLogo("This is no PNG, JPEG, GIF or WebP picture.")
    if _after_its_end(upload, webp=webp) or _holds_a_program(upload):
        raise BadLogo("This file holds something else besides a picture. Export the logo anew as PNG.")
    if webp:
        _refuse_giants(_webp_size(upload))


def _after_its_end(upload: bytes, *, webp: bool) -> bool:
    """Whether something follows after the picture."""
    if webp:
        # The length counts from behind itself, and is even.
        return len(upload) > 8 + int.from_bytes(upload[4:8], "little") + 1
    if upload.startswith(b"\x89PNG"):
        end = upload.rfind(b"IEND\xaeB`\x82")
        return end >= 0 and bool(upload[end + 8 :].strip(b"\0"))
    if upload.startswith(b"GIF"):
        return not upload.rstrip(b"\0").endswith(b";")
    end = upload.rfind(b"\xff\xd9")
    return end >= 0 and bool(upload[end + 2 :].strip(b"\0"))


def _holds_a_program(upload: bytes) -> bool:
    small = upload.lower()
    return any(each in small for each in _PROGRAMS) or upload.startswith(_ARCHIVES) or b"PK\x05\x06" in upload[-65557:]


def _webp_size(upload: bytes) -> tuple[int, int]:
    """What a WebP file claims: Pillow takes memory for all of it already when it is opened.

    https://developers.google.com/speed/webp/docs/riff_container
    """
    kind, body = upload[12:16], upload[20:]
    try:
        if kind == b"VP8X":
            return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        if kind == b"VP8L":
            bits = struct.unpack_from("<I", body, 1)[0]
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if kind == b"VP8 ":
            width, height = struct.unpack_from("<HH", body, 6)
            return width & 0x3FFF, height & 0x3FFF
    except struct.error:
        pass
    raise BadLogo(_DAMAGED)


def _refuse_giants(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > _PIXELS or max(size) > _SIDE:
        raise BadLogo(_TOO_MANY_PIXELS)
    if min(size) < 1:
        raise BadLogo("This picture has no pixels.")


def _packed(picture: Image) -> bytes:
    """The smallest file that still looks the same: all colours, else 256, else fewer pixels."""
    from PIL import Image

    while True:
        # A new picture: what the old one carried besides its pixels (profiles, remarks) stays behind.
        fresh = Image.new("RGBA", picture.size)
        fresh.paste(picture)
        for each in (fresh, fresh.quantize(256, Image.Quantize.FASTOCTREE)):
            out = io.BytesIO()
            each.save(out, "PNG", optimize=True)
            if out.tell() <= LARGEST_LOGO:
                return out.getvalue()
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
