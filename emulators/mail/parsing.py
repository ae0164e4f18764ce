"""What a raw message says: its headers and texts as Unicode, its inline images, its links. Nothing in it can fail us.

The structure is read with the old policy of Python's parser and the headers are decoded one by one, since the new
policy raises on some broken headers and a sink must keep those too.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default as modern

from emulators.mail.rendering import hrefs

log = logging.getLogger(__name__)

_ADDRESS_IN_TEXT = re.compile(r"https?://[^\s<>\"'\x00-\x1f]+", re.IGNORECASE)
_UNDECLARED = frozenset({"", "us-ascii", "ascii", "unknown-8bit"})


@dataclass(frozen=True)
class Part:
    """A leaf of the message: its type, name and Content-ID (empty where absent), and its decoded bytes."""

    content_type: str
    filename: str
    cid: str
    data: bytes


@dataclass(frozen=True)
class Content:
    """A parsed message. `text` and `html` are None where there is no such part; `headers` keeps order and doubles."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    parts: tuple[Part, ...]
    links: tuple[str, ...]

    def header(self, name: str) -> str:
        """The first header of that name, decoded; empty where there is none."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), "")


def parse(raw: bytes) -> Content:
    """Read `raw`, a message of RFC 5322 with or without faults; what cannot be read becomes the text as it stands."""
    try:
        return _parse(raw)
    except Exception:  # a parser that trips over a stranger's bytes must not lose the message
        log.warning("a message could not be parsed and is kept as plain text")
        return Content((), _clean(raw.decode("utf-8", "replace")), None, (), ())


def _parse(raw: bytes) -> Content:
    message = message_from_bytes(raw)
    headers = tuple((_clean(name), _decoded(str(value))) for name, value in message.raw_items())
    text: str | None = None
    html: str | None = None
    parts = []
    for leaf in _leaves(message):
        kind = leaf.get_content_type()
        if leaf.get_content_disposition() != "attachment":
            if kind == "text/plain" and text is None:
                text = _text(leaf)
            elif kind == "text/html" and html is None:
                html = _text(leaf)
        parts.append(Part(kind, _filename(leaf), _cid(leaf), _bytes(leaf)))
    return Content(headers, text, html, tuple(parts), links_in(text or "", html or ""))


def links_in(text: str, html: str) -> tuple[str, ...]:
    """Every http(s) address that a person could press, once: those of the HTML's links first, then the text's."""
    found = [each.strip() for each in hrefs(html)] + [address for address, is_link in pieces(text) if is_link]
    return tuple(dict.fromkeys(each for each in found if each.lower().startswith(("http://", "https://"))))


def pieces(text: str) -> list[tuple[str, bool]]:
    """The text cut into (piece, is an address); a full stop or bracket after an address is not part of it."""
    cut: list[tuple[str, bool]] = []
    at = 0
    for found in _ADDRESS_IN_TEXT.finditer(text):
        address = found.group().rstrip(".,;:!?)]}")
        cut += [(text[at : found.start()], False), (address, True)]
        at = found.start() + len(address)
    return [piece for piece in [*cut, (text[at:], False)] if piece[0]]


def _leaves(message: Message) -> list[Message]:
    """The parts that hold something themselves; a message inside the message (a bounce's original) stays one leaf."""
    if message.get_content_maintype() != "multipart":
        return [message]
    payload = message.get_payload()
    if not isinstance(payload, list):
        return [message]
    return [leaf for part in payload if isinstance(part, Message) for leaf in _leaves(part)]


def _bytes(leaf: Message) -> bytes:
    payload = leaf.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    inner = leaf.get_payload()
    if not isinstance(inner, list):
        return b""
    return b"\n".join(part.as_bytes() for part in inner if isinstance(part, Message))


def _text(leaf: Message) -> str:
    data, charset = _bytes(leaf), leaf.get_content_charset("")
    if charset not in _UNDECLARED:
        try:
            return _lines(data.decode(charset, "replace"))
        except (LookupError, ValueError):  # a charset that nobody knows
            pass
    try:
        return _lines(data.decode("utf-8"))
    except ValueError:
        return _lines(data.decode("latin-1"))


def _lines(text: str) -> str:
    return _clean(text).replace("\r\n", "\n")


def _filename(leaf: Message) -> str:
    # Many senders write an encoded word where RFC 2231 asks for another form.
    return _decoded(leaf.get_filename(""))


def _cid(leaf: Message) -> str:
    return _clean(str(leaf.get("Content-ID", ""))).strip().removeprefix("<").removesuffix(">")


def _decoded(value: str) -> str:
    try:
        # As running text whatever the header: a parser of addresses would leave out what it does not understand.
        return _clean(str(modern.header_fetch_parse("Subject", value)))
    except Exception:  # Python's header parsers raise many kinds of errors on broken values
        return _clean("".join(value.splitlines()))


def _clean(text: str) -> str:
    """The text without lone surrogates: bytes that the parser had smuggled through become UTF-8 again."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
