"""Where "Open in podserver" leads from the tickets of ticketing systems that have no place for a frame."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from emulators.twilio.loopback import LOOPBACK_HOSTS


def portal_link(portal: str, psa: str, number: str) -> str | None:
    """The address itself, or for an origin alone the search there for this ticket of this ticketing system.

    None for an address that is not on this machine: a page of ours must not be made to link anywhere else.
    """
    try:
        parts = urlsplit(portal)
        fits = parts.scheme in ("http", "https") and parts.hostname in LOOPBACK_HOSTS and parts.username is None
        alone = not (parts.path.strip("/") or parts.query or parts.fragment)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return None
    if not fits:
        return None
    search = f"{parts.scheme}://{parts.netloc}/tickets?{urlencode({'in': psa, 'number': number})}"
    return search if alone else portal
