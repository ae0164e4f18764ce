"""Autotask PSA (Datto, Kaseya), over its REST API.

The keys are those of an API user (Admin > Resources/Users > New > New API User) with its API Tracking Identifier::

    from connectors.autotask import Autotask, NoteValues

    psa = Autotask("podapi@northgate.example", "demo#Secret$1~*", "DEMOCUSTOMTRACKING000000001",
                   zone="ww14.autotask.net", note_values=NoteValues(internal="2", public="1", note_type="3"))
    print([right.where for right in psa.rights() if right.granted is False])
    ticket = psa.ticket("148213")
    caller = psa.contact(ticket.contact_ref)
    mobile = next(number for number in caller.destinations if number.mobile)
    note = psa.post_note(ticket.ref, f"{caller.name} was called back at {mobile.value} (ref 8F2C).")
    assert psa.find_note(ticket.ref, "ref 8F2C").ref == note.ref

Every failure is a :class:`connectors.base.PsaError`; its message is fit for a technician.
"""

from connectors.autotask.address import DISCOVERY_ORIGIN, Zone, parse_zone
from connectors.autotask.client import LIMITS, Autotask
from connectors.autotask.insight import CANONICALISERS, TICKET_SCREEN, fitting, is_signed
from connectors.autotask.notes import NoteValues

__all__ = [
    "CANONICALISERS",
    "DISCOVERY_ORIGIN",
    "LIMITS",
    "TICKET_SCREEN",
    "Autotask",
    "NoteValues",
    "Zone",
    "fitting",
    "is_signed",
    "parse_zone",
]
