"""ConnectWise PSA, over its REST API.

The keys are those of an API member (System > Members > API Members) and ``client_id`` is the integration's GUID::

    from connectors.connectwise import ConnectWise

    psa = ConnectWise("na.myconnectwise.net", "northgate", "demoPublicKey01", "demoPrivateKey01",
                      "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
    print([right.where for right in psa.rights() if right.granted is False])
    ticket = psa.ticket("48213")
    caller = psa.contact(ticket.contact_ref)
    mobile = next(number for number in caller.destinations if number.mobile)
    note = psa.post_note(ticket.ref, f"{caller.name} was called back at {mobile.value} (ref 8F2C).")
    assert psa.find_note(ticket.ref, "ref 8F2C").ref == note.ref

Every failure is a :class:`connectors.base.PsaError`; its message is fit for a technician.
"""

from connectors.connectwise.address import SiteAddress, api_base, parse_site, ui_origin
from connectors.connectwise.client import LIMITS, ConnectWise
from connectors.connectwise.hosted import CONTACT_SCREEN, SERVICE_SCREEN
from connectors.connectwise.records import MOBILE_LABELS

__all__ = [
    "CONTACT_SCREEN",
    "LIMITS",
    "MOBILE_LABELS",
    "SERVICE_SCREEN",
    "ConnectWise",
    "SiteAddress",
    "api_base",
    "parse_site",
    "ui_origin",
]
