"""The side navigation. A page shows there to those who may call it, as its own decorator says."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app, g, request, url_for

from podserver.portal.session import PortalVisit, decision

_PAGES = (
    ("overview.overview", "Overview"),
    ("callers.tickets", "Tickets"),
    ("callers.contacts", "Contacts"),
    ("history.history", "History"),
)
_SET_UP = (
    ("integrations.integrations", "Integrations"),
    ("ticketing.profiles", "Ticketing"),
    ("messages.messages", "Messages"),
    ("mail.mail", "Mail"),
    ("duo.applications", "Duo"),
    ("microsoft.microsoft", "Microsoft"),
    ("policies.policies", "Policies"),
    ("branding.branding", "Branding"),
    ("accounts.users", "Users"),
    ("accounts.settings", "Settings"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A word of the navigation."""

    label: str
    url: str
    current: bool


def belongs_to(endpoint: str) -> None:
    """Say under which word the page of this request stands, where its address does not."""
    g.navigation = endpoint


def install(app: Flask) -> None:
    """Make ``navigation(visit)`` known to templates."""

    @app.template_global()
    def navigation(visit: PortalVisit) -> list[tuple[str, list[Item]]]:
        groups = (("", _PAGES), ("Set up", _SET_UP))
        return [(title, items) for title, pages in groups if (items := _items(visit, pages))]


def _items(visit: PortalVisit, pages: tuple[tuple[str, str], ...]) -> list[Item]:
    items = []
    for endpoint, label in pages:
        if visit.user.role in (decision(current_app.view_functions[endpoint]) or ()):
            url = url_for(endpoint)
            here = request.path == url or (url != "/" and request.path.startswith(f"{url}/"))
            here = here or g.get("navigation") == endpoint
            items.append(Item(label, url, here))
    return items
