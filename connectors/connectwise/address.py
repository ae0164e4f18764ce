"""Where a ConnectWise site lives: what an admin types becomes the origin for browsers and the base for the API.

In the cloud people use ``na.myconnectwise.net`` and programs ``api-na.myconnectwise.net``; a self-hosted server has
one host for both [official developer guide]. Everything is decided from the typed text alone, without a look-up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from connectors.base import Rejected

CLOUD_DOMAINS: Final = ("myconnectwise.net", "connectwisedev.com")
"""Domains whose sites have a separate ``api-`` host."""

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """``ui_origin`` is what a member's browser shows, ``api_origin`` where the REST API answers; neither ends in /."""

    ui_origin: str
    api_origin: str
    cloud: bool


def parse_site(site: str) -> SiteAddress:
    """Read an admin's ``site``: a host name, with or without ``https://``, with or without a port.

    Plain http and bare addresses are for this machine only; a path, a user name, a query and every character that
    does not belong in a host name are refused. Raises Rejected with a sentence for the admin.
    """
    typed = site.strip(" ")
    if not typed or len(typed) > 260:
        raise Rejected("Enter the address of your ConnectWise site, for example na.myconnectwise.net.")
    if not all("!" <= c <= "~" for c in typed):
        raise Rejected("The ConnectWise site may only hold plain letters, digits, dots and hyphens.")
    scheme, separator, rest = typed.lower().partition("://")
    if not separator:
        scheme, rest = "https", scheme
    if scheme not in ("https", "http"):
        raise Rejected("The ConnectWise site must be an https address.")
    match = _AUTHORITY.fullmatch(rest.removesuffix("/"))
    if match is None:
        raise Rejected("Enter only the host of your ConnectWise site, without a user name, path or question mark.")
    host, port = match["host"], match["port"]
    _refuse_bad_host(host)
    if scheme == "http" and host not in LOOPBACK_HOSTS:
        raise Rejected("The ConnectWise site must be an https address; http is only for tests on this machine.")
    if port is not None and not 1 <= int(port) <= 65535:
        raise Rejected("The port of the ConnectWise site must be between 1 and 65535.")
    region = _cloud_region(host)
    if region is not None:
        if port not in (None, "443"):
            raise Rejected("A ConnectWise cloud site has no port.")
        label, domain = region
        return SiteAddress(f"https://{label}.{domain}", f"https://api-{label}.{domain}", cloud=True)
    default = {"https": 443, "http": 80}[scheme]
    suffix = "" if port is None or int(port) == default else f":{int(port)}"
    return SiteAddress(f"{scheme}://{host}{suffix}", f"{scheme}://{host}{suffix}", cloud=False)


def ui_origin(site: str) -> str:
    """The origin that a member's browser shows (``https://na.myconnectwise.net``), fit for ``frame-ancestors``.

    Raises Rejected as :func:`parse_site` does.
    """
    return parse_site(site).ui_origin


def api_base(site: str) -> str:
    """The origin of the REST API (``https://api-na.myconnectwise.net``). Raises Rejected as :func:`parse_site` does."""
    return parse_site(site).api_origin


def host_of(origin: str) -> str:
    """The host of an origin, for messages."""
    return urlsplit(origin).netloc


def _refuse_bad_host(host: str) -> None:
    if host in LOOPBACK_HOSTS:
        return
    labels = host.split(".")
    if len(labels) < 2 or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Rejected("Enter the full host name of your ConnectWise site, for example na.myconnectwise.net.")
    # Resolvers read 127.1, 0x7f.0.0.1 and the like as addresses; a name's last label is never a number.
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        raise Rejected("Enter the host name of your ConnectWise site, not a network address.")


def _cloud_region(host: str) -> tuple[str, str] | None:
    label, _, domain = host.partition(".")
    if domain not in CLOUD_DOMAINS:
        return None
    return label.removeprefix("api-") or label, domain
