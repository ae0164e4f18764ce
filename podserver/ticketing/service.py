"""Rules of ticketing profiles: what may be saved, which is the default, and the ticket that a profile makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.base import NewTicket
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.models import Integration
from podserver.ticketing import words
from podserver.ticketing.lists import Lists
from podserver.ticketing.models import TicketingProfile
from podserver.ticketing.parts import NOTHING, PARTS, Pick, Picks

LONGEST_NAME = 80


class BadProfile(ValueError):
    """A profile cannot be saved or deleted; the message is a sentence for the admin, ``field`` the part or ``name``."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Overtaken(Exception):
    """Somebody else saved or deleted the same profile meanwhile; nothing was changed. The message is a sentence."""


def profiles(session: Session) -> list[TicketingProfile]:
    """The tenant's profiles, each integration's default first, then by name."""
    found = session.scalars(select(TicketingProfile))
    return sorted(found, key=lambda p: (p.integration_id, not p.is_default, p.name.casefold()))


def profile(session: Session, profile_id: int) -> TicketingProfile:
    """One of the tenant's profiles. Raises LookupError."""
    found = session.scalar(select(TicketingProfile).where(TicketingProfile.id == profile_id))
    if found is None:
        raise LookupError("no such ticketing profile")
    return found


def default_profile(session: Session, integration_id: int) -> TicketingProfile | None:
    """The integration's default profile; None where it has no profile at all."""
    return session.scalar(
        select(TicketingProfile).where(
            TicketingProfile.integration_id == integration_id, TicketingProfile.is_default.is_(True)
        )
    )


def picks_of(row: TicketingProfile) -> dict[str, Pick]:
    """What is stored for each part, :data:`~podserver.ticketing.parts.NOTHING` where it is left to the PSA."""
    return {name: _pick(row.chosen.get(name)) for name in PARTS}


def _pick(stored: Mapping[str, str] | None) -> Pick:
    return Pick(stored["ref"], stored["name"]) if stored else NOTHING


def judge(picks: Picks, lists: Lists, psa: str, title: str) -> dict[str, str]:
    """What is wrong with the choices, by part: a sentence each. ``lists`` are the PSA's, read for these choices.

    ``title`` is the PSA's name.
    """
    wrong = {}
    for part in lists.parts:
        chosen, word = picks.get(part.name, NOTHING), words.word(psa, part.name)
        above = next((name for name in part.under if not picks.get(name, NOTHING).ref), None)
        if not chosen.ref:
            if part.needed:
                wrong[part.name] = f"Choose {words.a_word(psa, part.name)}."
        elif above is not None:
            wrong[part.name] = f"Choose the {words.word(psa, above)} first."
        elif part.source in lists.entries and chosen.ref not in {e.ref for e in lists.entries[part.source]}:
            where = f"the {words.word(psa, part.under[-1])}" if part.under else title
            wrong[part.name] = (
                f"“{chosen.name}” is not, or no longer, {words.a_word(psa, part.name)} of {where}. Choose another one."
            )
        elif part.source not in lists.entries and not any(name in wrong for name in part.under):
            wrong[part.name] = f"{title} did not say whether this {word} is there."
    return wrong


def save(
    session: Session,
    integration: Integration,
    *,
    name: str,
    lists: Lists,
    stored_id: int | None,
    seen: int,
    actor: str,
    at: datetime,
) -> TicketingProfile:
    """Save choices that the PSA has just confirmed, in the caller's writing transaction.

    ``lists`` are the PSA's, read for these choices; ``seen`` is the version that the admin was shown, 0 for a new
    profile. The integration's first profile is its default. Raises BadProfile for a wrong name and for choices that
    the PSA did not confirm, and Overtaken.
    """
    if not lists.complete or judge(lists.picks, lists, integration.psa, integration.name):
        raise BadProfile("The PSA did not confirm these choices.")
    name = " ".join(name.split())
    if not name:
        raise BadProfile("A name is needed.", "name")
    if len(name) > LONGEST_NAME:
        raise BadProfile(f"A name has {LONGEST_NAME} characters at most.", "name")
    others = _locked(session, integration.id)
    row = next((each for each in others if each.id == stored_id), None)
    if stored_id is not None and (row is None or row.version != seen):
        who = f"{row.changed_by or 'Somebody'} saved" if row is not None else "Somebody deleted"
        raise Overtaken(f"{who} this profile while you were changing it. Nothing of yours is saved yet.")
    if any(each.name.casefold() == name.casefold() for each in others if each is not row):
        raise BadProfile("Another profile of this integration has this name.", "name")
    before: dict[str, str] = {}
    if row is None:
        row = TicketingProfile(integration_id=integration.id, is_default=not others, version=0)
    else:
        before = {"name": row.name, **{part: pick.name for part, pick in picks_of(row).items() if pick.ref}}
    kept = {part: pick for part, pick in lists.picks.items() if pick.ref}
    after = {"name": name, **{part: pick.name for part, pick in kept.items()}}
    chosen = {part: {"ref": pick.ref, "name": pick.name} for part, pick in kept.items()}
    if row.version and chosen == row.chosen and name == row.name:
        return row
    row.name, row.chosen = name, chosen
    row.version += 1
    row.changed_at, row.changed_by = at, actor
    session.add(row)
    session.flush()
    changed = [part for part in ("name", *PARTS) if before.get(part) != after.get(part)]
    detail: dict[str, object] = {
        "ticketing profile": name,
        "before": {part: before.get(part) for part in changed},
        "after": {part: after.get(part) for part in changed},
    }
    _record(session, row, detail, actor, at)
    return row


def make_default(session: Session, row: TicketingProfile, *, actor: str, at: datetime) -> None:
    """Make a profile the integration's default, in the caller's writing transaction. Raises Overtaken."""
    others = _locked(session, row.integration_id)
    found = next((each for each in others if each.id == row.id), None)
    if found is None:
        raise Overtaken("Somebody deleted this profile meanwhile.")
    if found.is_default:
        return
    for each in others:
        each.is_default = False
    # The one before is none any more when the database hears of the new one.
    session.flush()
    found.is_default = True
    session.flush()
    _record(session, found, {"ticketing profile": found.name, "default": True}, actor, at)


def delete(session: Session, row: TicketingProfile, *, actor: str, at: datetime) -> None:
    """Delete a profile, in the caller's writing transaction.

    Raises BadProfile for the default while there are others. One that is gone already is no error.
    """
    others = _locked(session, row.integration_id)
    found = next((each for each in others if each.id == row.id), None)
    if found is None:
        return
    if found.is_default and len(others) > 1:
        raise BadProfile("This is the default. Make another profile the default first.")
    session.delete(found)
    session.flush()
    _record(session, found, {"ticketing profile": found.name, "deleted": True}, actor, at)


def new_ticket(
    row: TicketingProfile, *, summary: str, text: str, reference: str, company: str = "", contact: str = ""
) -> NewTicket:
    """The ticket that a profile makes. ``company`` and ``contact`` are the PSA's refs, ``reference`` is unique to it.

    Without a company it is the profile's default company's; a contact is left out then, as a PSA takes a contact only
    with its own company. Raises ValueError without a reference.
    """
    if not reference.strip():
        raise ValueError("a ticket without a reference could not be looked for")
    picks = picks_of(row)
    return NewTicket(
        summary=summary,
        text=text,
        reference=reference,
        company_ref=company or picks["company"].ref,
        contact_ref=contact if company else "",
        board_ref=picks["board"].ref,
        type_ref=picks["type"].ref,
        subtype_ref=picks["subtype"].ref,
        item_ref=picks["item"].ref,
        priority_ref=picks["priority"].ref,
        status_ref=picks["new_status"].ref,
    )


def _locked(session: Session, integration_id: int) -> Sequence[TicketingProfile]:
    """The integration's profiles; whoever else changes them waits until the end of the transaction."""
    mine = select(Integration.id).where(Integration.id == integration_id)
    # Not the plain FOR UPDATE: it would stop every row that names the integration, verifications too.
    session.execute(mine.with_for_update(key_share=True))
    rows = select(TicketingProfile).where(TicketingProfile.integration_id == integration_id)
    return list(session.scalars(rows, execution_options={"populate_existing": True}))


def _record(session: Session, row: TicketingProfile, detail: dict[str, object], actor: str, at: datetime) -> None:
    subject = Subject(integration_id=row.integration_id)
    record(session, at, Entry(Kind.TICKETING_CHANGED, subject, actor, detail))
