"""The admin's pages in a browser tab."""

from flask import Flask


def install(app: Flask) -> None:
    """Register the portal's pages."""
