"""One SMTP conversation: aiosmtpd's, with what it leaves out."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, AnyStr, NoReturn, cast

from aiosmtpd.smtp import SMTP

from emulators.mail.account import IDLE_SECONDS, SERVER_NAME, SIZE_LIMIT

if TYPE_CHECKING:
    from emulators.mail.reception import Reception

# Below ERROR it logs whole messages line by line, and at every login a warning about its own future.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class SmtpSession(SMTP):
    """A conversation on one of the two doors.

    With `starttls` the client begins in plain text and may change to TLS; without, the connection is TLS from the
    start. `connected` is the set of those under way, which this one enters and leaves. Mail is taken only from who has
    logged in, and a login only over TLS.
    """

    def __init__(
        self,
        reception: Reception,
        loop: asyncio.AbstractEventLoop,
        connected: set[SmtpSession],
        starttls: ssl.SSLContext | None,
    ) -> None:
        self.login_refused: bool | None = None
        self._reception = reception
        self._connected = connected
        self._greeted = False
        super().__init__(
            reception,
            loop=loop,
            hostname=SERVER_NAME,
            ident="ESMTP",
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            tls_context=starttls,
            # aiosmtpd knows TLS only as STARTTLS: on the other door it would never offer AUTH (its issue 281).
            auth_require_tls=starttls is not None,
            authenticator=reception.authenticate,
            timeout=IDLE_SECONDS,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As inherited; called once more when STARTTLS is done."""
        super().connection_made(transport)
        self._connected.add(self)
        if self.session and self.session.ssl is None and (tls := transport.get_extra_info("ssl_object")):
            self.session.ssl = {"ssl_object": tls}

    def connection_lost(self, error: Exception | None) -> None:
        """As inherited."""
        self._connected.discard(self)
        super().connection_lost(error)

    async def push(self, status: AnyStr) -> None:
        """Send one line; before the first, the greeting, the faults have their turn."""
        if not self._greeted:
            self._greeted = True
            await self._reception.before_greeting(self)
        await super().push(status)

    async def check_auth_needed(self, caller_method: str) -> bool:
        """Refuse what needs a login; the inherited way would warn about the TLS door at every connection."""
        if self.session and self.session.authenticated:
            return False
        await self.push("530 5.7.0 Authentication required")
        return True

    def abort(self) -> None:
        """Cut the connection; to be called in the loop's thread."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    def hang_up(self) -> NoReturn:
        """Cut the connection from inside a command, so that the client sees no answer at all."""
        self.abort()
        raise asyncio.CancelledError

    def tls(self) -> tuple[str, str] | None:
        """Version and cipher of the connection's TLS, like ("TLSv1.3", "TLS_AES_256_GCM_SHA384"); None without."""
        tls = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        if tls is None:
            return None
        return str(tls.version()), str((tls.cipher() or ("",))[0])
