"""A technician's own word, with the note that says how they know."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from podserver.accounts.models import Msp
from podserver.history.service import Entry, Kind, events_to_add
from podserver.policies.policy import Policy
from podserver.security import sealing
from podserver.tenancy import add_rows
from podserver.verification import notes, statements
from podserver.verification.asking import Asker, Caller
from podserver.verification.ending import Result, subject_of
from podserver.verification.methods import METHODS
from podserver.verification.models import Delivery, State
from podserver.verification.offers import person_target
from podserver.verification.snapshot import Snapshot
from podserver.verification.starting import row_to_begin

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
    row = row_to_begin(
        sealing.random_id(), asker, caller, target, METHOD, claim, policy, request_id, at,
        state=State.VERIFIED, delivery=Delivery.DELIVERED, note=cleaned, ended_at=at,
    )  # fmt: skip
    verification = Snapshot.of(row)
    detail = {"strength": claim.strength, "because": claim.reason, "note": cleaned}
    event = events_to_add(at, Entry(Kind.BY_HAND, subject_of(verification), asker.name, detail))
    note_row = notes.final_note(verification, asker.name, at, word=cleaned)
    add_rows(session, (statements.BEGIN, [row]), event, *([note_row[1]] if note_row else []))
    return Result(verification, outbox=(note_row[0],) if note_row else ())
