"""What tickets and contacts are looked for by."""

from __future__ import annotations

from typing import ClassVar

from wtforms.validators import Length

from connectors.base import ContactSearch, TicketSearch
from podserver.portal.forms import LineField, PortalForm

_LONGEST = Length(max=80, message="80 characters at most.")


class TicketForm(PortalForm):
    """Parts of a ticket. It is sent in the address, so that a search can be kept as a bookmark."""

    class Meta:
        """It changes nothing, so it needs no token."""

        csrf = False

    number = LineField("Number", [_LONGEST])
    contact = LineField("Contact", [_LONGEST])
    company = LineField("Company", [_LONGEST])
    summary = LineField("Summary", [_LONGEST])

    def search(self) -> TicketSearch:
        """What was typed."""
        return TicketSearch(
            self.number.data or "", self.contact.data or "", self.company.data or "", self.summary.data or ""
        )


class ContactForm(PortalForm):
    """Parts of a contact. Numbers and addresses of people never stand in an address, so it is posted."""

    PUBLIC: ClassVar = ("name", "company")

    name = LineField("Name", [_LONGEST])
    company = LineField("Company", [_LONGEST])
    phone = LineField("Phone number", [_LONGEST])
    email = LineField("E-mail address", [Length(max=254, message="254 characters at most.")])

    @property
    def bookmark(self) -> dict[str, str]:
        """What may stand in an address; empty where somebody's number or address is part of the search."""
        if self.phone.data or self.email.data:
            return {}
        return {name: self[name].data for name in self.PUBLIC if self[name].data}

    def search(self) -> ContactSearch:
        """What was typed."""
        return ContactSearch(
            self.name.data or "", self.company.data or "", self.phone.data or "", self.email.data or ""
        )
