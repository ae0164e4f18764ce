"""Static files under names that change with their content, so that browsers keep them for a year."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, url_for


def install(app: Flask) -> None:
    """Make ``asset('pod.css')`` known to templates: the file's URL with a piece of its digest."""
    folder = Path(app.static_folder or "")

    @cache
    def version(name: str) -> str:
        return sha256((folder / name).read_bytes()).hexdigest()[:12]

    @app.template_global()
    def asset(name: str) -> str:
        return url_for("static", filename=name, v=version(name))
