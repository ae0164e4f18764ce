"""Pages and controls answer this machine only."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def _host(authority: str) -> str:
    return urlsplit(f"//{authority}").hostname or ""


def comes_from_here(request: Request) -> bool:
    """Whether the Host, and the Origin where one is sent, are loopback names.

    The Host keeps a rebound DNS name out; the Origin keeps a foreign web page from pressing our switches.
    """
    try:
        origin = request.headers.get("Origin")
        return _host(request.headers.get("Host", "")) in LOOPBACK_HOSTS and (
            origin is None or urlsplit(origin).hostname in LOOPBACK_HOSTS
        )
    except ValueError:
        return False
