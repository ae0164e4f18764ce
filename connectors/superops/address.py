"""Where a SuperOps account answers: its region has one host for all accounts, and a header names the account."""

from __future__ import annotations

import re
from typing import Final

from connectors.base import Rejected
from connectors.http import is_loopback

REGIONS: Final = {"us": "https://api.superops.ai/msp", "eu": "https://euapi.superops.ai/msp"}
"""The two data centres of the vendor's reference. Nothing tells in which of them an account is."""

_DOMAIN: Final = ".superops.ai"
_LOCAL: Final = re.compile(r"http://(?P<host>localhost|[0-9.]+|\[[0-9a-f:]+\])(?::(?P<port>[1-9][0-9]{0,4}))?/?")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def api_url(region: str) -> str:
    """The address of the API: ``us``, ``eu``, or ``http://localhost:8100`` for tests on this machine.

    Raises Rejected for anything else.
    """
    typed = region.strip().lower()
    if typed in REGIONS:
        return REGIONS[typed]
    local = _LOCAL.fullmatch(typed)
    if local is not None and is_loopback(local["host"].strip("[]")) and int(local["port"] or 1) <= 65535:
        return f"{typed.rstrip('/')}/msp"
    raise Rejected("The region is us or eu: the data centre in which your SuperOps account is.")


def parse_subdomain(typed: str) -> str:
    """The bare subdomain out of what an admin types: ``northgateit``, also with ``https://`` and ``.superops.ai``.

    Raises Rejected with a sentence for the admin.
    """
    host = typed.strip().lower().removeprefix("https://").split("/", 1)[0].removesuffix(_DOMAIN)
    if not _LABEL.fullmatch(host):
        raise Rejected(
            "The subdomain is the first part of your SuperOps address: northgateit for https://northgateit.superops.ai."
        )
    return host
