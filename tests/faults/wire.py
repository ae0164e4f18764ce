"""A wire that can be cut: a TCP relay between a process and the emulators, on a port of its own."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """Relays every connection to ``port``; while ``dead`` it takes connections and never says a word."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._door = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.dead = False
        self.taken = 0
        self.swallowed = 0
        self._silent: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections and end the silent ones."""
        self._door.close()
        for connection in self._silent:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:
                return
            self.taken += 1
            if self.dead:
                self._silent.append(connection)
                self.swallowed += 1
                continue
            try:
                onward = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                connection.close()
                continue
            onward.settimeout(None)
            for left, right in ((connection, onward), (onward, connection)):
                threading.Thread(target=_pass_on, args=(left, right), daemon=True).start()


def _pass_on(left: socket.socket, right: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := left.recv(65536):
            right.sendall(chunk)
    for end, how in ((right, socket.SHUT_WR), (left, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            end.shutdown(how)
