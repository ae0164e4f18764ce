"""Kaseya BMS, over its v2 REST API.

The user is an API Employee (Admin > HR > Employees) whose role has the special feature Has API Access::

    from connectors.kaseya_bms import KaseyaBms

    psa = KaseyaBms("bms.kaseya.com", "Northgate IT", "caller.verify", "demo-Bms-1!", note_type="4")
    print([right.where for right in psa.rights() if right.granted is False])
    ticket = psa.ticket("1048213")
    caller = psa.contact(ticket.contact_ref)
    mobile = next(number for number in caller.destinations if number.mobile)
    note = psa.post_note(ticket.ref, f"{caller.name} was called back at {mobile.value} (ref 8F2C).")
    assert psa.find_note(ticket.ref, "ref 8F2C").ref == note.ref

Every failure is a :class:`connectors.base.PsaError`; its message is fit for a technician.
"""

from connectors.kaseya_bms.address import api_origin
from connectors.kaseya_bms.client import LIMITS, KaseyaBms
from connectors.kaseya_bms.records import MOBILE_LABELS
from connectors.kaseya_bms.tokens import totp_secret

__all__ = ["LIMITS", "MOBILE_LABELS", "KaseyaBms", "api_origin", "totp_secret"]
