"""A technician's own word, with the note that says how they know."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from podserver.accounts.models import Msp
from podserver.delivery import outbox
from podserver.history.service import Entry, Kind, record
from podserver.policies.policy import Policy, terms_of
from podserver.security import sealing
from podserver.verification import notes
from podserver.verification.asking import Asker, Caller
from podserver.verification.ending import Result, subject_of
from podserver.verification.methods import METHODS
from podserver.verification.models import Delivery, State, Verification
from podserver.verification.offers import person_target

SHORTEST_NOTE: Final = 10
LONGEST_NOTE: Final = 500
METHOD: Final = "manual"


class BadNote(ValueError):
    """The note says too little or too much; the message is a sentence."""


def clean_note(note: str) -> str:
    """The note as it is kept. Raises BadNote."""
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in note).split())
    if len(cleaned) < SHORTEST_NOTE:
        raise BadNote("Say how you know: where you saw the person, or who vouched. Knowing a voice is not enough.")
    if len(cleaned) > LONGEST_NOTE:
        raise BadNote(f"A note has {LONGEST_NOTE} characters at most.")
    return cleaned


def record_word(
    session: Session, *, tenant: Msp, asker: Asker, caller: Caller, policy: Policy, note: str, request_id: str,
    at: datetime,
) -> Result:  # fmt: skip
    """Record that the technician knows who is calling. Raises BadNote.

    It is verified at once, and never green: the pod shows it as recorded by hand.
    """
    if METHOD not in policy.methods:
        return Result(None, refused="This client's policy takes no word for it. Verify another way.", changed=False)
    cleaned = clean_note(note)
    target = person_target(tenant.hash_key, caller.integration_id, caller.contact)
    claim = METHODS[METHOD].claim(target, digits=False)
    verification = Verification(
        id=sealing.random_id(),
        integration_id=caller.integration_id,
        contact=caller.contact,
        contact_name=caller.contact_name,
        company_name=caller.company_name,
        ticket=caller.ticket,
        ticket_ref=caller.ticket_ref,
        destination_key=target.key,
        masked=target.masked,
        method=METHOD,
        state=State.VERIFIED,
        delivery=Delivery.DELIVERED,
        delivery_at=at,
        proof_hash="",
        strength=claim.strength,
        worth=claim.reason,
        terms=terms_of(policy),
        note=cleaned,
        user_id=asker.user_id,
        technician=asker.name,
        request_id=request_id,
        created_at=at,
        expires_at=at,
        ended_at=at,
        green_until=None,
    )
    session.add(verification)
    session.flush()
    detail = {"strength": claim.strength, "because": claim.reason, "note": cleaned}
    record(session, at, Entry(Kind.BY_HAND, subject_of(verification), asker.name, detail))
    note_row = notes.final_note(verification, asker.name, at)
    if note_row is None:
        return Result(verification)
    outbox.add_row(session, note_row[1])
    return Result(verification, outbox=(note_row[0],))
