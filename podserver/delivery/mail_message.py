"""A letter as it goes over the wire: headers that nobody can inject into, text, HTML, and the logo beside it.

Built with ``email.message``, around three of its traps (channels fact sheet 5.2): long words in headers are turned into
encoded words, quotes of long names get lost when they are folded, and text that is not ASCII goes out as 8bit whether
or not the server can take it. So names and subjects are written here, and everything else is encoded to ASCII.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

_POLICY: Final = policy.SMTP.clone(refold_source="none", cte_type="7bit")
# What stands for itself in a quoted name, and is not taken for an encoded word by anybody.
_PLAIN_NAME = re.compile(r"(?!.*=\?)[ -~]{1,60}")
_PLAIN_TEXT = re.compile(r"(?!.*=\?)[ -~]*")
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f-\x9f]{1,64}")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?")
_LONGEST: Final = 254
# Such that no encoded word is longer than 75 characters (RFC 2047, 2).
_LINE: Final = 72
_JOINERS: Final = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom. ``from_name`` is the MSP's, ``to_name`` the contact's; ``reply_to`` may be empty."""

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    reply_to: str = ""

    @property
    def needs_utf8(self) -> bool:
        """Whether an address is not ASCII, which only a server with SMTPUTF8 can carry (RFC 6531)."""
        return not (self.from_address + self.to_address + self.reply_to).isascii()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a letter says. ``logo`` is a PNG that the HTML names as ``cid:logo``."""

    subject: str
    text: str
    html: str = ""
    logo: bytes | None = None


def fits(address: str) -> bool:
    """Whether an address has the form of one and nothing in it that a header or a command would read otherwise."""
    local, at, domain = address.rpartition("@")
    return bool(at and len(address.encode()) <= _LONGEST and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain))


def message_id(outbox_id: str, base_url_host: str, from_address: str) -> str:
    """The letter's own id, the same on every try: many mailboxes drop the double of one that they have.

    Its domain is this server's where that is a real name, else the sender's.
    """
    sender_domain = from_address.rpartition("@")[2]
    domain = base_url_host if _is_name(base_url_host) else sender_domain.encode("idna").decode()
    return f"<{outbox_id}@{domain}>"


def built(envelope: Envelope, contents: Contents, message_id: str, at: datetime) -> EmailMessage:
    """The message. Raises ValueError where an address does not fit, or a line has a line's end in it."""
    for address in (envelope.from_address, envelope.to_address, envelope.reply_to or envelope.from_address):
        if not fits(address):
            raise ValueError("an address does not fit")
    message = EmailMessage(policy=_POLICY)
    _set(message, "From", _mailbox(envelope.from_name, envelope.from_address))
    _set(message, "To", _mailbox(envelope.to_name, envelope.to_address))
    if envelope.reply_to:
        _set(message, "Reply-To", envelope.reply_to)
    _set(message, "Subject", _unstructured(contents.subject))
    _set(message, "Date", format_datetime(at))
    _set(message, "Message-ID", message_id)
    # Nobody's holiday notice is wanted in answer (RFC 3834; the second is Microsoft's).
    _set(message, "Auto-Submitted", "auto-generated")
    _set(message, "X-Auto-Response-Suppress", "All")
    message.set_content(contents.text)
    if contents.html:
        message.add_alternative(contents.html, subtype="html")
    if contents.html and contents.logo is not None:
        related = list(message.iter_parts())[1]
        assert isinstance(related, EmailMessage)
        related.add_related(contents.logo, "image", "png", cid="<logo>", disposition="inline", filename="logo.png")
    return message


def raw(message: EmailMessage, *, utf8: bool) -> bytes:
    """The message in bytes; ``utf8`` where addresses that are not ASCII go out as they are."""
    return message.as_bytes(policy=_POLICY.clone(utf8=utf8))


def _set(message: EmailMessage, name: str, value: str) -> None:
    # set_raw asks nothing; a line's end is only let through where it folds.
    if re.search(r"\r\n(?![ \t])|(?<!\r)\n|\r(?!\n)|\x00", value):
        raise ValueError(f"the {name} header would not stay one line")
    message.set_raw(name, value)


def _mailbox(name: str, address: str) -> str:
    name = _one_line(name)
    if not name:
        return address
    if _PLAIN_NAME.fullmatch(name):
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + f'" <{address}>'
    return f"{_encoded(name, 'Reply-To')}\r\n <{address}>"


def _unstructured(text: str) -> str:
    if "\r" in text or "\n" in text:
        raise ValueError("a subject is one line")
    text = _one_line(text)
    if not _PLAIN_TEXT.fullmatch(text) or any(len(word) > 70 for word in text.split()):
        return _encoded(text, "Subject")
    return Header(text, "us-ascii", header_name="Subject").encode(linesep="\r\n")


def _encoded(text: str, header_name: str) -> str:
    return Header(text, "utf-8", header_name=header_name, maxlinelen=_LINE).encode(linesep="\r\n")


def _one_line(text: str) -> str:
    # The joiners hold emoji and some scripts together; whatever else is invisible goes, orders to turn text round too.
    return " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return "." in host and host.isascii()
    return False
