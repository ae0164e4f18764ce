"""Whose certificates are believed: the public authorities', and those that the operator names (PODSERVER_CA_FILE)."""

from __future__ import annotations

import atexit
import os
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import certifi
from requests import PreparedRequest
from requests.adapters import HTTPAdapter


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies names and chains, for a client."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


@lru_cache(maxsize=8)
def _context_of_bundle(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=bundle(ca_file))


class TrustAdapter(HTTPAdapter):
    """HTTPS for a session of requests that believes the authorities of :func:`bundle`, read once for the process.

    requests reads its file of authorities anew for each connection, which takes longer than the rest of the call.
    Names and chains are verified whatever the session's ``verify`` says.
    """

    def __init__(self, ca_file: Path | None) -> None:
        self._context = _context_of_bundle(ca_file)
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """The host, and our context for it (requests' own way to give one)."""
        host, _tls = super().build_connection_pool_key_attributes(request, True)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing more: the context knows its authorities, and a file set here would be read into it once more."""


@lru_cache(maxsize=8)
def bundle(ca_file: Path | None, base: str = "") -> str:
    """The path of one file that holds the authorities of ``base`` (else the public ones) and the operator's.

    For packages that take a path. The file lives as long as the process.
    """
    base = base or certifi.where()
    if ca_file is None:
        return base
    handle, path = tempfile.mkstemp(prefix="podserver-ca-", suffix=".pem")
    with os.fdopen(handle, "wb") as both:
        both.write(Path(base).read_bytes() + b"\n" + ca_file.read_bytes())
    atexit.register(Path(path).unlink, missing_ok=True)
    return path
