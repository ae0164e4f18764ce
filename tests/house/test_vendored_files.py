"""Vendored files are what their table says they are."""

from __future__ import annotations

import hashlib
import re

from podserver.configuration import PROJECT

VENDOR = PROJECT / "static" / "vendor"


def test_every_vendored_file_has_its_checksum_and_licence() -> None:
    table = (VENDOR / "README.md").read_text()
    rows = re.findall(r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$", table, re.M)
    assert {name for name, _ in rows} == {file.name for file in VENDOR.glob("*.js")}
    for name, checksum in rows:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum, name
    assert (VENDOR / "htmx-LICENSE").is_file()
