"""Uploads: pictures are drawn anew, everything else is refused with a sentence."""

from __future__ import annotations

import base64
import contextlib
import io
import random
import struct
import subprocess
import sys
import time
import zlib
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from podserver.branding.logo import HEIGHT, LARGEST_LOGO, LARGEST_UPLOAD, WIDTH, BadLogo, drawn


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def plain(mode: str = "RGB", size: tuple[int, int] = (900, 300)) -> Image.Image:
    grey = mode in ("L", "P", "1", "I;16")
    return Image.new(mode, size, 90 if grey else (11, 110, 58, 128)[: len(mode)])


def opened(png: bytes) -> Image.Image:
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and len(png) <= LARGEST_LOGO
    picture = Image.open(io.BytesIO(png))
    picture.load()
    assert picture.width <= WIDTH and picture.height <= HEIGHT
    return picture


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_each_kind_of_picture_becomes_a_small_png(kind: str) -> None:
    picture = opened(drawn(encoded(plain(), kind)))
    assert picture.size == (480, 160)
    pixel = picture.convert("RGB").getpixel((200, 80))
    assert isinstance(pixel, tuple)
    assert all(abs(got - wanted) <= 8 for got, wanted in zip(pixel, (11, 110, 58), strict=True))


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA", "I;16"])
def test_each_mode_of_png_is_drawn(mode: str) -> None:
    assert opened(drawn(encoded(plain(mode)))).size == (480, 160)


def test_a_jpeg_for_print_is_drawn() -> None:
    assert opened(drawn(encoded(Image.new("CMYK", (600, 200), (200, 20, 120, 30)), "JPEG"))).size == (480, 160)


def test_nothing_behind_the_letters_stays_nothing() -> None:
    picture = Image.new("RGBA", (960, 320))
    picture.paste((20, 20, 30, 255), (0, 0, 480, 320))
    left, right = (opened(drawn(encoded(picture))).convert("RGBA").getpixel((x, 80)) for x in (60, 420))
    assert left == (20, 20, 30, 255)
    assert isinstance(right, tuple) and right[3] == 0


@pytest.mark.parametrize("size", [(1, 1), (10, 4000), (4000, 10), (480, 160), (3000, 2500)])
def test_any_shape_is_fitted_and_none_is_blown_up(size: tuple[int, int]) -> None:
    picture = opened(drawn(encoded(plain(size=size))))
    assert picture.width <= size[0] and picture.height <= size[1]


def test_a_picture_of_noise_still_comes_out_small() -> None:
    noise = Image.frombytes("RGBA", (480, 160), random.Random(1).randbytes(480 * 160 * 4))
    opened(drawn(encoded(noise)))


def test_what_a_picture_carries_besides_its_pixels_stays_behind() -> None:
    remarks = PngImagePlugin.PngInfo()
    remarks.add_text("Comment", "made by Dana at 12 Harbour Road")
    upload = encoded(plain(), pnginfo=remarks, icc_profile=b"not a profile, and long" * 9, dpi=(72, 72))
    png = drawn(upload)
    assert {png[at : at + 4] for at in chunks(png)} <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def chunks(png: bytes) -> list[int]:
    """Where each chunk's name begins."""
    found, at = [], 8
    while at < len(png):
        found.append(at + 4)
        at += 12 + struct.unpack_from(">I", png, at)[0]
    return found


def test_a_photograph_that_lies_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(drawn(encoded(plain(size=(100, 60)), "JPEG", exif=exif))).size == (60, 100)


def test_the_first_picture_of_a_film_is_the_logo() -> None:
    frames = [plain(size=(300, 100)) for _ in range(40)]
    for n, frame in enumerate(frames):
        frame.putpixel((n, 0), (n, 0, 0))
    upload = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=20)
    assert opened(drawn(upload)).size == (300, 100)


PNG = encoded(plain(size=(60, 20)))
JPEG = encoded(plain(size=(60, 20)), "JPEG")
GIF = encoded(plain(size=(60, 20)), "GIF")
WEBP = encoded(plain(size=(60, 20)), "WEBP")
ELSE = "This file holds something else besides a picture."
NONE = "This is no PNG, JPEG, GIF or WebP picture."
DAMAGED = "This picture is damaged and cannot be read."
ZIP = b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (b"", "The file is empty."),
        (PNG + bytes(LARGEST_UPLOAD), "A logo file has 1 MB at most."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "An SVG can hold programs"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><svg/>", "An SVG can hold programs"),
        (b"<!-- --><svg onload=alert(1)>", "An SVG can hold programs"),
        (b"%PDF-1.7 \n", NONE),
        (b"BM" + bytes(60), NONE),
        (b"II*\x00" + bytes(60), NONE),
        (b"\x00\x00\x01\x00" + bytes(60), NONE),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", NONE),
        (ZIP, NONE),
        (PNG + b"<script>alert(1)</script>", ELSE),
        (PNG + ZIP, ELSE),
        (PNG + b"anything", ELSE),
        (JPEG + b"anything", ELSE),
        (GIF + b"/*", ELSE),
        (WEBP + b"anything", ELSE),
        (PNG[:-12] + struct.pack(">I", 25) + b"tEXtx\0<ScRiPt>alert(1)</script" + bytes(4) + PNG[-12:], ELSE),
        (JPEG[:2] + b"\xff\xfe\x00\x16<?php system('id');" + JPEG[2:], ELSE),
        (b"GIF89a/*" + b"\x00" * 20 + b"*/=1;alert(1)//", ELSE),
        (PNG[:40], DAMAGED),
        (PNG[:50] + b"\xff\xff" + PNG[52:], DAMAGED),
        (JPEG[:200], DAMAGED),
        (GIF[:15] + b";", DAMAGED),
        (WEBP[:24], DAMAGED),
        (b"\x89PNG\r\n\x1a\n", DAMAGED),
        (b"\xff\xd8\xff\xe0", DAMAGED),
    ],
)
def test_what_is_no_picture_or_more_than_one_is_refused_with_a_sentence(upload: bytes, sentence: str) -> None:
    with pytest.raises(BadLogo) as refused:
        drawn(upload)
    assert str(refused.value).startswith(sentence)
    assert str(refused.value).endswith(".")


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def gif_of(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes([0x80, 0, 0]) + bytes(6) + GIF[GIF.index(b",") :]


def webp_of(width: int, height: int) -> bytes:
    """An extended WebP: its canvas is claimed in 24 bits each, and has one small picture in it."""
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + WEBP[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def jpeg_of(width: int, height: int) -> bytes:
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


GIANTS = [png_of(50_000, 50_000), gif_of(50_000, 50_000), webp_of(16_383, 16_383), jpeg_of(50_000, 50_000),
          png_of(10_001, 1), png_of(4000, 4000), png_of(2**31 - 1, 2**31 - 1)]  # fmt: skip


@pytest.mark.parametrize("upload", GIANTS)
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(upload: bytes) -> None:
    begun = time.monotonic()
    with pytest.raises(BadLogo) as refused:
        drawn(upload)
    assert str(refused.value) in (
        "This picture has too many pixels. 480 x 160 are enough; export a smaller one.",
        "This picture is damaged and cannot be read. Export it anew.",
    )
    assert time.monotonic() - begun < 2


def test_giants_take_no_memory_worth_speaking_of() -> None:
    """In a process of its own, as only there the peak is known."""
    script = (
        "import sys, resource, base64\n"
        "from podserver.branding.logo import drawn, BadLogo\n"
        "import PIL.Image\n"
        "PIL.Image.init()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for line in sys.stdin:\n"
        "    try: drawn(base64.b64decode(line))\n"
        "    except BadLogo: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    lines = "\n".join(base64.b64encode(each).decode() for each in GIANTS)
    done = subprocess.run([sys.executable, "-c", script], input=lines, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20 * 1024, "kilobytes"


def test_text_that_unpacks_to_a_thousandfold_is_refused_or_left_behind() -> None:
    packed = zlib.compress(bytes(200 * 1024 * 1024), 9)
    body = b"Comment\0\0" + packed
    bomb = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    upload = PNG[:33] + bomb + PNG[33:]
    assert len(upload) < LARGEST_UPLOAD
    begun = time.monotonic()
    with contextlib.suppress(BadLogo):
        assert b"zTXt" not in drawn(upload)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("seed", range(6))
def test_broken_pictures_end_in_a_sentence_and_never_in_a_crash(seed: int) -> None:
    chance, refused = random.Random(seed), []
    for _ in range(60):
        broken = bytearray(chance.choice((PNG, JPEG, GIF, WEBP)))
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(12, len(broken))] = chance.randrange(256)
        try:
            opened(drawn(bytes(broken)))
        except BadLogo as error:
            refused.append(str(error))
    assert refused
    assert all(each.endswith(".") for each in refused)


def test_pillow_is_loaded_for_uploads_alone() -> None:
    script = (
        "import sys\n"
        "import podserver.application, podserver.branding.views, podserver.portal.mail\n"
        "print(any(name == 'PIL' or name.startswith('PIL.') for name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
