"""Where an Autotask tenant lives: the zone that an admin types or that Autotask names becomes the base for the API.

Programs call ``webservices14.autotask.net`` and browsers show ``ww14.autotask.net``, with the zone's number in both
[seen by public clients]. New zones appear and tenants move, so no list of zones is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from connectors.base import Rejected
from connectors.http import is_loopback

DISCOVERY_ORIGIN: Final = "https://webservices2.autotask.net"
"""Knows the zone of every user name, without a password [official Postman collection]."""

ANY_UI_ORIGIN: Final = "https://*.autotask.net"
"""Every page of Autotask that can be above an insight's frame, in a form fit for ``frame-ancestors``."""

ROOT: Final = "/ATServicesRest/"
_DOMAIN: Final = ".autotask.net"
_HOST: Final = re.compile(r"[a-z0-9-]{1,63}\.autotask\.net")
_API_HOST: Final = re.compile(r"https://webservices(\d{1,3})\.autotask\.net")
_UI_HOST: Final = re.compile(r"ww(\d{1,3})\.autotask\.net")
_TYPED_PATH: Final = re.compile(r"/?|/atservicesrest/?")
_ZONE_PATH: Final = re.compile(r"(/[A-Za-z0-9_-]{1,40}){1,3}/?")


@dataclass(frozen=True, slots=True)
class Zone:
    """``base`` is the API's address with a slash at its end; ``discovery`` the origin that is asked for the zone.

    ``base`` is empty where the zone is not known yet.
    """

    base: str
    discovery: str = DISCOVERY_ORIGIN

    @property
    def origin(self) -> str:
        """The origin of the API, empty where it is not known yet."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}" if self.base else ""

    @property
    def ui_origins(self) -> tuple[str, ...]:
        """The origins of the pages around an insight: the zone's own, where it is known, and all of Autotask's, as a
        tenant can be moved; on this machine the stand-in's.
        """
        if self.discovery != DISCOVERY_ORIGIN:
            return (self.discovery,)
        own = _API_HOST.fullmatch(self.origin)
        return (f"https://ww{own[1]}{_DOMAIN}", ANY_UI_ORIGIN) if own else (ANY_UI_ORIGIN,)


def parse_zone(typed: str) -> Zone:
    """Read an admin's zone: empty, ``webservices14.autotask.net``, ``ww14.autotask.net``, or the whole API address.

    Plain http and hosts outside autotask.net are for this machine only. Raises Rejected with a sentence for the admin.
    """
    text = typed.strip(" ").lower()
    if not text:
        return Zone("")
    scheme, separator, rest = text.partition("://")
    parts = _split(f"{scheme}://{rest}" if separator else f"https://{text}")
    host, port = parts
    if is_loopback(host):
        origin = _origin(text if separator else f"http://{text}")
        return Zone(origin + ROOT, origin)
    number = _UI_HOST.fullmatch(host)
    if number is not None:
        host = f"webservices{number[1]}{_DOMAIN}"
    if not _HOST.fullmatch(host) or port not in (None, 443) or (separator and scheme != "https"):
        raise _no_zone()
    return Zone(f"https://{host}{ROOT}")


def named_zone(url: object, asked: Zone) -> str:
    """The API's base out of the zone that discovery named, or empty where the keys must not be sent there."""
    if not isinstance(url, str):
        return ""
    parts = urlsplit(url)
    if _ZONE_PATH.fullmatch(parts.path) is None or parts.query or parts.fragment or "@" in parts.netloc:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    in_the_cloud = parts.scheme == "https" and _HOST.fullmatch(parts.netloc.lower()) is not None
    at_home = origin == asked.discovery and asked.discovery != DISCOVERY_ORIGIN
    return f"{origin}{parts.path.rstrip('/')}/" if in_the_cloud or at_home else ""


def _split(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_zone() from None
    # An address in the API's own words names no more than its root.
    if parts.username or parts.query or parts.fragment or not _TYPED_PATH.fullmatch(parts.path):
        raise _no_zone()
    return parts.hostname or "", port


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _no_zone() -> Rejected:
    return Rejected(
        "Leave the zone empty, or enter the address at which your technicians see Autotask, such as ww14.autotask.net."
    )
