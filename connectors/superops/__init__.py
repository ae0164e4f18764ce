"""SuperOps MSP, over its GraphQL API.

The token is a technician's own (Settings > My Profile > API token), best that of a technician for podserver alone::

    from connectors.base import ContactSearch, TicketSearch
    from connectors.superops import SuperOps

    psa = SuperOps("us", "northgateit", "api-demoSuperOpsToken01", "verify@northgate.example")
    print([right.where for right in psa.rights() if right.granted is False])
    ticket = psa.search_tickets(TicketSearch(summary="court portal"))[0]
    caller = psa.contact(psa.search_contacts(ContactSearch(email="wei@harborlegal.example"))[0].ref)
    mobile = next(number for number in caller.destinations if number.mobile)
    note = psa.post_note(ticket.ref, f"{caller.name} was called back at {mobile.value} (ref 8F2C).")
    assert psa.find_note(ticket.ref, "ref 8F2C").ref == note.ref

Every failure is a :class:`connectors.base.PsaError`; its message is fit for a technician.
"""

from connectors.superops.address import REGIONS, api_url, parse_subdomain
from connectors.superops.client import LIMITS, SuperOps
from connectors.superops.fields import MOBILE_NAMES, field_key

__all__ = ["LIMITS", "MOBILE_NAMES", "REGIONS", "SuperOps", "api_url", "field_key", "parse_subdomain"]
