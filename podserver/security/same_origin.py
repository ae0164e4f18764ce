"""Whether a request was made by one of our own pages.

Browsers say so in ``Sec-Fetch-Site``, which pages cannot set; where it is missing, ``Origin`` must be ours. It
complements the pod's header token and the portal's form token, it does not replace them.
"""

from __future__ import annotations

from flask import current_app, request


def from_our_page() -> bool:
    """True for a request of our own origin; false for any other, and for one that says nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin") == current_app.extensions["settings"].origin
