"""Where a BMS server's API lives: what an admin types becomes the origin that is called.

People use ``bms.kaseya.com`` and programs ``api.bms.kaseya.com``, and so in every region [help pages]. The host of the
pages answers every API path with an HTML page, so ``api.`` is put in front where it is missing [rule of thumb of a
public client].
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from connectors.base import Rejected

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ADDRESS: Final = re.compile(r"(?P<host>\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[a-z0-9/._-]*)?")
_API: Final = "api."


def api_origin(server: str) -> str:
    """The origin of the API (``https://api.bms.kaseya.com``) from what an admin typed.

    A host name with or without ``https://``, with or without ``api.``; a path is left off. Plain http and bare
    addresses are for this machine only. Raises Rejected with a sentence for the admin.
    """
    typed = server.strip(" ").lower()
    if not typed or len(typed) > 260:
        raise Rejected("Enter the server of your BMS, for example api.bms.kaseya.com.")
    scheme, separator, rest = typed.partition("://")
    if not separator:
        scheme, rest = "https", scheme
    match = _ADDRESS.fullmatch(rest)
    if scheme not in ("https", "http") or match is None:
        raise Rejected(
            "The BMS server is a host name such as api.bms.kaseya.com, without a user name or question mark."
        )
    host, port = match["host"], match["port"]
    if port is not None and not 1 <= int(port) <= 65535:
        raise Rejected("The port of the BMS server must be between 1 and 65535.")
    if host not in _LOOPBACK:
        if scheme == "http":
            raise Rejected("The BMS server must be an https address; http is only for tests on this machine.")
        _refuse_bad_host(host)
        host = host if host.startswith(_API) else _API + host
    suffix = "" if port is None or int(port) == {"https": 443, "http": 80}[scheme] else f":{int(port)}"
    return f"{scheme}://{host}{suffix}"


def host_of(origin: str) -> str:
    """The host of an origin, for messages."""
    return urlsplit(origin).netloc


def _refuse_bad_host(host: str) -> None:
    labels = host.split(".")
    if len(labels) < 2 or len(host) > 249 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Rejected("Enter the full host name of your BMS server, for example api.bms.kaseya.com.")
    # Resolvers read 127.1, 0x7f.0.0.1 and the like as addresses; a name's last label is never a number.
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        raise Rejected("Enter the host name of your BMS server, not a network address.")
