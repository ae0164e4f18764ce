"""LiveLinks: an administrator's link from the ticket's toolbar to a page elsewhere, by form POST or in the address.

The names of the ticket's variables are ours (inferred); which field of the form carries which is the administrator's
choice. Nothing signs a LiveLink: whoever can see it can forge it.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from emulators.autotask.store import Record, Store

VARIABLES = (
    "ticket.id",
    "ticket.number",
    "ticket.title",
    "contact.id",
    "company.id",
    "resource.id",
    "resource.email",
    "resource.userName",
)
METHODS = ("POST", "GET")


class Opened(NamedTuple):
    """What a LiveLink opens: the target, the method, and the fields by name."""

    url: str
    method: str
    fields: dict[str, str]

    @property
    def origin(self) -> str:
        """The target's origin."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def query(self) -> str:
        """The fields as a query string, which debug mode shows."""
        return urlencode(self.fields)


def read_link(wanted: Any) -> Record:
    """A LiveLink out of `{"name", "url", "method", "fields": {form field: variable}, "fixed": {form field: text}}`.

    Raises ValueError with a sentence.
    """
    if not isinstance(wanted, dict) or not str(wanted.get("url", "")).startswith(("http://", "https://")):
        raise ValueError("A LiveLink has a name and an http or https url.")
    fields, fixed = wanted.get("fields", {"ticketId": "ticket.id"}), wanted.get("fixed", {})
    if not isinstance(fields, dict) or not set(fields.values()) <= set(VARIABLES):
        raise ValueError(f"The fields of a LiveLink take these variables: {', '.join(VARIABLES)}.")
    if not isinstance(fixed, dict) or not all(isinstance(each, str) for each in fixed.values()):
        raise ValueError("The fixed fields of a LiveLink are texts.")
    if wanted.get("method", "POST") not in METHODS:
        raise ValueError("A LiveLink is sent with POST or GET.")
    return {
        "name": str(wanted.get("name") or "Verify caller"),
        "url": wanted["url"],
        "method": wanted.get("method", "POST"),
        "fields": fields,
        "fixed": fixed,
    }


def opened(link: Record, ticket: Record, resource: Record, store: Store) -> Opened:
    """The link as it opens for a ticket and the person at the screen."""
    values = {
        "ticket.id": ticket["id"],
        "ticket.number": ticket["ticketNumber"],
        "ticket.title": ticket["title"],
        "contact.id": ticket.get("contactID"),
        "company.id": ticket["companyID"],
        "resource.id": resource["id"],
        "resource.email": resource["email"],
        "resource.userName": resource["userName"],
    }
    fields = {
        name: "" if values[variable] is None else str(values[variable]) for name, variable in link["fields"].items()
    }
    return Opened(link["url"], link["method"], {**link["fixed"], **fields})
