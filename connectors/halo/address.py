"""Where a HaloPSA lives: what an admin copies from *Configuration > Integrations > HaloPSA API* becomes the addresses
that are called.

Halo runs under many names (``*.halopsa.com``, ``*.haloitsm.com``, ``*.haloservicedesk.com``, ``*.usehalo.com``, own
domains, own servers) [seen in public clients], so nothing is derived from a tenant's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from connectors.base import Rejected
from connectors.http import is_loopback

HALO_DOMAINS: Final = ("halopsa.com", "haloitsm.com", "haloservicedesk.com", "usehalo.com", "nethelpdesk.com")
"""The vendor's own domains; wildcard names make ``acme.halopsa.com.halopsa.com`` resolve and then fail TLS."""

_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]{1,60}){0,4}")


@dataclass(frozen=True, slots=True)
class HaloAddress:
    """``api`` and ``auth`` end without a slash; ``origin`` is what an agent's browser shows. ``auth_known`` says that
    the authorisation server was named and not guessed from the resource server.
    """

    origin: str
    api: str
    auth: str
    auth_known: bool


def parse_servers(resource_server: str, authorisation_server: str = "") -> HaloAddress:
    """Read the two addresses, each with or without ``https://`` and with or without its ``/api`` or ``/auth``.

    A page's address is taken as well: what follows the host is left out then. Raises Rejected with a sentence.
    """
    origin, api = _server(resource_server, "Resource Server", "api")
    if not authorisation_server.strip():
        return HaloAddress(origin, api, f"{api.removesuffix('/api')}/auth", False)
    return HaloAddress(origin, api, _server(authorisation_server, "Authorisation Server", "auth")[1], True)


def _server(typed: str, called: str, end: str) -> tuple[str, str]:
    """`(origin, base)` of one server; the base ends with ``/api`` or ``/auth``."""
    typed = typed.strip(" ")
    if not typed or len(typed) > 300 or not all("!" <= c <= "~" for c in typed):
        raise Rejected(f"Enter the {called} as HaloPSA shows it, for example https://acme.halopsa.com/{end}.")
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        parts = urlsplit(typed)
        port = parts.port
    except ValueError:
        raise Rejected(f"The {called} is not an address.") from None
    host = (parts.hostname or "").lower()
    _refuse_bad_host(parts.scheme, host, called)
    if parts.username is not None or "@" in parts.netloc:
        raise Rejected(f"The {called} must not hold a user name.")
    host = _once(host)
    shown = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{shown}" + (
        f":{port}" if port not in (None, 443) or (parts.scheme == "http" and port) else ""
    )
    path = parts.path.rstrip("/")
    # Only a path that ends as Halo's own page shows it is a prefix; all else is a page that somebody had open.
    if path.lower().endswith(f"/{end}") and _PATH.fullmatch(path):
        return origin, f"{origin}{path[: -len(end) - 1]}/{end}"
    return origin, f"{origin}/{end}"


def _refuse_bad_host(scheme: str, host: str, called: str) -> None:
    if scheme not in ("https", "http") or (scheme == "http" and not is_loopback(host)):
        raise Rejected(f"The {called} must be an https address; http is only for tests on this machine.")
    if not is_loopback(host) and (not _HOST.fullmatch(host) or "." not in host or host.replace(".", "").isdigit()):
        raise Rejected(f"The {called} has no host name in it that could be one.")


def _once(host: str) -> str:
    """The host without a vendor's domain that was pasted behind itself."""
    for domain in HALO_DOMAINS:
        while host.endswith(f".{domain}.{domain}"):
            host = host.removesuffix(f".{domain}")
    return host
