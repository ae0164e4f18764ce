"""Whose certificates are believed: the public authorities', and those that the operator names (PODSERVER_CA_FILE)."""

from __future__ import annotations

import atexit
import os
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path

import certifi


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies names and chains, for a client."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


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
