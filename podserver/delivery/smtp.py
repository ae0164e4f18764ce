"""One SMTP conversation: found, secured, logged in, and a letter handed over. Where it stops is told exactly.

smtplib speaks the protocol. Added are: TLS always, with a context that verifies (smtplib's own accepts any
certificate, channels fact sheet 5.3); one deadline for the whole conversation, however slowly the other side drips;
addresses that were checked before they are connected to; and where it stopped, which decides whether a repeat is safe.
"""

from __future__ import annotations

import base64
import enum
import io
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from podserver.security import public_hosts

STARTTLS: Final = "starttls"
TLS: Final = "tls"
_PIECE: Final = 16 * 1024
_GOODBYE_SECONDS: Final = 1.0
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)")


class Stage(enum.IntEnum):
    """How far a conversation came. From ANSWER on the letter has left: the other side may have it."""

    FIND = 1
    CONNECT = 2
    GREET = 3
    SECURE = 4
    LOGIN = 5
    SENDER = 6
    RECIPIENT = 7
    DATA = 8
    ANSWER = 9


class Cause(enum.StrEnum):
    """Why it stopped. REPLY: the server said no, in a reply with a code."""

    REPLY = "reply"
    UNKNOWN_HOST = "unknown host"
    INSIDE = "inside the network"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    HUNG_UP = "hung up"
    NOT_SMTP = "not SMTP"
    NO_STARTTLS = "no STARTTLS"
    NO_TLS = "no TLS"
    WRONG_NAME = "certificate of another name"
    RUN_OUT = "certificate that has run out"
    UNTRUSTED = "untrusted certificate"
    NO_LOGIN = "no login offered"


class Trouble(Exception):
    """The conversation stopped. ``code`` and ``enhanced`` are the reply's, as in ``550 5.1.1``; its text is not kept.

    Servers put addresses and whole lines of the conversation into their texts.
    """

    def __init__(self, stage: Stage, cause: Cause, code: int = 0, enhanced: str = "") -> None:
        super().__init__(f"{stage.name}: {cause}")
        self.stage, self.cause, self.code, self.enhanced = stage, cause, code, enhanced

    @property
    def temporary(self) -> bool:
        """Whether the server itself said that a later try may succeed (RFC 5321, 4.2.1)."""
        return self.cause is Cause.REPLY and 400 <= self.code < 500


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect and who we are there. An empty ``username`` is no login. ``security`` is STARTTLS or TLS."""

    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """This side: whom it trusts, which hosts inside its network it may call, and the name that it greets with."""

    trust: ssl.SSLContext = field(repr=False)
    local_hosts: frozenset[str]
    name: str


class Conversation(smtplib.SMTP):
    """A conversation that has an end. Made by :func:`opened`."""

    def __init__(self, server: Server, caller: Caller, seconds: float) -> None:
        # Without a name of ours smtplib looks up the machine's, which may take long and tells it to strangers.
        super().__init__(local_hostname=caller.name)
        self._server = server
        self._caller = caller
        self._ends = time.monotonic() + seconds
        # What smtplib checks the certificate against.
        self._host = server.host
        self.command_encoding = "ascii"

    @property
    def tls_version(self) -> str:
        """Such as TLSv1.3."""
        return str(self.sock.version()) if isinstance(self.sock, ssl.SSLSocket) else ""

    def open(self) -> None:
        """Connect, secure and log in. Raises Trouble."""
        with self._at(Stage.FIND):
            try:
                found = public_hosts.addresses(self._server.host, self._server.port, self._caller.local_hosts)
            except public_hosts.InsideNetwork:
                raise Trouble(Stage.FIND, Cause.INSIDE) from None
        with self._at(Stage.CONNECT):
            self.sock = self._connected(found)
        if self._server.security == TLS:
            with self._at(Stage.SECURE):
                self.sock.settimeout(self.left())
                self.sock = self._caller.trust.wrap_socket(self.sock, server_hostname=self._server.host)
        with self._at(Stage.GREET):
            self._expect(self.getreply(), 220)
            self._expect(self.ehlo(), 250)
        if self._server.security != TLS:
            with self._at(Stage.SECURE):
                self._start_tls()
        if self._server.username:
            with self._at(Stage.LOGIN):
                self._log_in()

    def try_sender(self, sender: str) -> None:
        """Ask whether ``sender`` may send, and take it back: nothing is sent. Raises Trouble."""
        with self._at(Stage.SENDER):
            self._expect(self.mail(sender), 250)
            self.rset()

    def transfer(self, sender: str, recipient: str, letter: bytes, *, utf8: bool) -> None:
        """Hand one letter over. Raises Trouble; from ``Stage.ANSWER`` on nobody can tell whether it was taken."""
        with self._at(Stage.SENDER):
            self._expect(self.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []), 250)
        with self._at(Stage.RECIPIENT):
            self._expect(self.rcpt(recipient), 250, 251)
        with self._at(Stage.DATA):
            self._expect(self.docmd("DATA"), 354)
        with self._at(Stage.ANSWER):
            self.send(_on_the_wire(letter))
            self._expect(self.getreply(), 250)

    def leave(self) -> None:
        """Say goodbye, without waiting long for an answer that changes nothing, and close."""
        self._ends = min(self._ends, time.monotonic() + _GOODBYE_SECONDS)
        with suppress(OSError):
            self.docmd("QUIT")
        self.close()

    def left(self) -> float:
        """Seconds until the end. Raises TimeoutError where there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the conversation has taken too long")
        return left

    def send(self, s: bytes | str) -> None:  # type: ignore[override]
        """As inherited, within the time that is left."""
        raw = s.encode(self.command_encoding) if isinstance(s, str) else s
        for start in range(0, len(raw), _PIECE):
            if self.sock is not None:
                self.sock.settimeout(self.left())
            super().send(raw[start : start + _PIECE])

    def getreply(self) -> tuple[int, bytes]:
        """As inherited, within the time that is left."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Ears(self, self.sock))
        return super().getreply()

    def _connected(self, found: list[str]) -> socket.socket:
        error: OSError = ConnectionError("no address")
        for n, address in enumerate(found, start=1):
            try:
                # One address that swallows everything must not take the time of the others.
                wait = self.left() / (len(found) - n + 1)
                return socket.create_connection((address, self._server.port), timeout=wait)
            except OSError as failed:
                error = failed
        raise error

    def _start_tls(self) -> None:
        if not self.has_extn("starttls"):
            raise Trouble(Stage.SECURE, Cause.NO_STARTTLS)
        assert self.sock is not None
        self.starttls(context=self._caller.trust)
        self._expect(self.ehlo(), 250)

    def _log_in(self) -> None:
        """PLAIN, else LOGIN. smtplib's own way breaks on a password that is not ASCII, and tries on after a no."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        user, password = (part.encode() for part in (self._server.username, self._server.password))
        if "PLAIN" in offered:
            self._expect(self.docmd("AUTH", f"PLAIN {_base64(bytes(1) + user + bytes(1) + password)}"), 235)
        elif "LOGIN" in offered:
            self._expect(self.docmd("AUTH", "LOGIN"), 334)
            self._expect(self.docmd(_base64(user)), 334)
            self._expect(self.docmd(_base64(password)), 235)
        else:
            raise Trouble(Stage.LOGIN, Cause.NO_LOGIN)

    @staticmethod
    def _expect(reply: tuple[int, bytes], *wanted: int) -> None:
        if reply[0] not in wanted:
            raise smtplib.SMTPResponseException(*reply)

    @contextmanager
    def _at(self, stage: Stage) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise Trouble(stage, _of_certificate(error)) from None
        except smtplib.SMTPResponseException as error:
            code, text = error.smtp_code, error.smtp_error
            # smtplib says -1 to what has no code at its front.
            if not 200 <= code <= 599:
                raise Trouble(stage, Cause.NOT_SMTP) from None
            raise Trouble(stage, Cause.REPLY, code, _enhanced(code, text)) from None
        except socket.gaierror:
            raise Trouble(stage, Cause.UNKNOWN_HOST) from None
        except OSError as error:
            raise Trouble(stage, self._of_silence(stage, error)) from None

    def _of_silence(self, stage: Stage, error: OSError) -> Cause:
        if stage is Stage.CONNECT:
            return Cause.UNREACHABLE
        if time.monotonic() >= self._ends or isinstance(error, TimeoutError):
            return Cause.SILENT
        return Cause.NO_TLS if stage is Stage.SECURE and isinstance(error, ssl.SSLError) else Cause.HUNG_UP


class _Ears(io.RawIOBase):
    """Reads from a socket; every read has what is left of the conversation's time, not a time of its own."""

    def __init__(self, conversation: Conversation, sock: socket.socket) -> None:
        self._conversation = conversation
        self._sock = sock

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Read what there is."""
        self._sock.settimeout(self._conversation.left())
        return self._sock.recv_into(buffer)


@contextmanager
def opened(server: Server, caller: Caller, seconds: float) -> Iterator[Conversation]:
    """A conversation that is connected, secured and logged in; it is left at the end. Raises Trouble.

    ``seconds`` is how long all of it may take.
    """
    conversation = Conversation(server, caller, seconds)
    try:
        conversation.open()
        yield conversation
    finally:
        conversation.leave()


def _on_the_wire(letter: bytes) -> bytes:
    """CR LF at the end of every line, dots at the front doubled, and the final dot (RFC 5321, 4.5.2).

    A bare CR or LF would let a text end the letter early and begin another: SMTP smuggling.
    """
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", letter)
    stuffed = re.sub(rb"(?m)^\.", b"..", lines)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _enhanced(code: int, text: bytes | str) -> str:
    """The enhanced status code at the front of a reply (RFC 3463), where it is of the reply's own class."""
    words = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    found = _ENHANCED.match(words)
    return found[1] if found and found[1][0] == str(code)[0] else ""


def _of_certificate(error: ssl.SSLCertVerificationError) -> Cause:
    # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_CERT_HAS_EXPIRED.
    return {62: Cause.WRONG_NAME, 64: Cause.WRONG_NAME, 10: Cause.RUN_OUT}.get(error.verify_code, Cause.UNTRUSTED)
