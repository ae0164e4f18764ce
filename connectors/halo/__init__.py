"""HaloPSA, over its REST API.

The keys are those of an application (Configuration > Integrations > HaloPSA API) of type Client ID and Secret
(Services) with the permissions edit:tickets and edit:customers::

    from connectors.halo import Halo

    psa = Halo("https://acme.halopsa.com/api", "5b0e6a3e-1111-4c1a-9f5e-0a2b3c4d5e6f", "the client secret",
               authorisation_server="https://acme.halopsa.com/auth", internal_outcome="7")
    print([right.where for right in psa.rights() if right.granted is False])
    ticket = psa.ticket("4713")
    caller = psa.contact(ticket.contact_ref)
    mobile = next(number for number in caller.destinations if number.mobile)
    note = psa.post_note(ticket.ref, f"{caller.name} was called back at {mobile.value} (ref 8F2C).")
    assert psa.find_note(ticket.ref, "ref 8F2C").ref == note.ref

Every failure is a :class:`connectors.base.PsaError`; its message is fit for a technician.
"""

from connectors.halo.address import HaloAddress, parse_servers
from connectors.halo.client import LIMITS, Halo
from connectors.halo.install import TICKET_SCREEN, USER_SCREEN
from connectors.halo.tab import TICKET_QUERY, USER_QUERY

__all__ = [
    "LIMITS",
    "TICKET_QUERY",
    "TICKET_SCREEN",
    "USER_QUERY",
    "USER_SCREEN",
    "Halo",
    "HaloAddress",
    "parse_servers",
]
