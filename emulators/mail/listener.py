"""The listening sockets and the thread with the loop that serves them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from emulators.mail.reception import Reception
from emulators.mail.session import SmtpSession

_ANSWER_SECONDS = 5


class Ports(NamedTuple):
    """The ports that are listened on: `plain` with STARTTLS, `tls` with TLS from the start (None where not wanted)."""

    plain: int
    tls: int | None


class _Door:
    """One port. While it is shut the port stays ours, bound without listening: connections are refused."""

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None, protocol: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._host = host
        self._tls = tls
        self._protocol = protocol
        self._bound: socket.socket | None = self._bind(port)
        self._server: asyncio.Server | None = None
        self.port: int = self._bound.getsockname()[1]

    def _bind(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # The protocol by name: asyncio turns Nagle's delay off only where it sees it.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self._host, port))
        except OSError:
            bound.close()
            raise
        return bound

    async def open(self) -> None:
        if self._server is None:
            bound, self._bound = self._bound or self._bind(self.port), None
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._protocol, sock=bound, ssl=self._tls)

    def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._bound = self._bind(self.port)

    def leave(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._bound is not None:
            self._bound.close()


class Listener:
    """SMTP on one or two ports; aiosmtpd's own controller can take neither port 0 nor a pause.

    `port` and `tls_port` may be 0 for any free one. Raises OSError where a port cannot be had.
    """

    def __init__(
        self, reception: Reception, host: str, port: int, context: ssl.SSLContext, tls_port: int | None
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._connected: set[SmtpSession] = set()
        self._doors: list[_Door] = []

        def session(starttls: ssl.SSLContext | None) -> Callable[[], SmtpSession]:
            return lambda: SmtpSession(reception, self._loop, self._connected, starttls)

        try:
            self._doors.append(_Door(host, port, None, session(context)))
            if tls_port is not None:
                self._doors.append(_Door(host, tls_port, context, session(None)))
        except OSError:
            self._leave()
            self._loop.close()
            raise
        self._thread = threading.Thread(target=self._run, name="mail-emulator", daemon=True)
        self._thread.start()

    @property
    def ports(self) -> Ports:
        """Where clients connect."""
        return Ports(self._doors[0].port, self._doors[1].port if len(self._doors) > 1 else None)

    def open(self) -> None:
        """Listen; nothing where it does already."""

        async def doors() -> None:
            for door in self._doors:
                await door.open()

        self._do(doors())

    def shut(self) -> None:
        """Refuse new connections and cut those under way, until `open`."""

        async def doors() -> None:
            for door in self._doors:
                door.shut()
            self._cut()

        self._do(doors())

    def stop(self) -> None:
        """Cut every connection, give the ports back and end the thread."""

        async def doors() -> None:
            self._leave()
            self._cut()
            # One more turn, in which the conversations learn that their connections are gone.
            await asyncio.sleep(0)

        self._do(doors())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        finally:
            self._loop.close()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(_ANSWER_SECONDS)

    def _leave(self) -> None:
        for door in self._doors:
            door.leave()

    def _cut(self) -> None:
        for session in list(self._connected):
            session.abort()
