"""The emulator as one object: what it keeps, its faults, and the SMTP server once it serves."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping

from emulators.mail.faults import Faults
from emulators.mail.listener import Listener, Ports
from emulators.mail.reception import Reception
from emulators.mail.store import Store


class MailEmulator:
    """A mail server that takes everything for everybody and delivers it to mailboxes in memory."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.store = Store()
        self._reception = Reception(self.store, self.faults)
        self._listener: Listener | None = None
        self._lock = threading.Lock()

    def serve(self, host: str, port: int, context: ssl.SSLContext, tls_port: int | None = None) -> Ports:
        """Start SMTP in a thread of its own: STARTTLS on `port`, TLS from the start on `tls_port` if given.

        0 takes any free port; the ports taken are returned. Raises OSError where a port cannot be had, RuntimeError
        where it serves already.
        """
        with self._lock:
            if self._listener is not None:
                raise RuntimeError("The mail emulator serves already.")
            self._listener = Listener(self._reception, host, port, context, tls_port)
            self._obey()
            return self._listener.ports

    def stop(self) -> None:
        """End the SMTP server; what was kept stays. Nothing where it does not serve."""
        with self._lock:
            if self._listener is not None:
                self._listener.stop()
                self._listener = None

    def change_faults(self, wanted: Mapping[str, object]) -> None:
        """Set the named faults, all of them or none; they hold when this returns. Raises ValueError with a sentence."""
        with self._lock:
            self.faults.change(wanted)
            if "greylist" in wanted:
                self._reception.forget()
            self._obey()

    def reset(self) -> None:
        """Back to the first day: no mail, no faults."""
        with self._lock:
            self.faults.clear()
            self._reception.forget()
            self.store.clear()
            self._obey()

    def _obey(self) -> None:
        if self._listener is None:
            return
        if self.faults.down == "refused":
            self._listener.shut()
        else:
            self._listener.open()
