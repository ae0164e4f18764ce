"""The rules of ticketing profiles where rows are locked, and the ticket that a profile makes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from seeds import Seeds
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from connectors.base import Capability, Choice
from podserver.database import db, now, writing
from podserver.tenancy import bind_tenant
from podserver.ticketing import service
from podserver.ticketing.lists import Lists
from podserver.ticketing.models import TicketingProfile
from podserver.ticketing.parts import PARTS, Pick, parts_of
from podserver.ticketing.service import BadProfile, Overtaken

PICKS = {
    "company": Pick("250", "Larkfield Dental"), "board": Pick("1", "Help Desk"), "type": Pick("41", "Sign-in"),
    "subtype": Pick("51", "Password"), "item": Pick("61", "Reset"), "priority": Pick("3", "Normal"),
    "new_status": Pick("501", "New"), "closed_status": Pick("504", "Closed"),
}  # fmt: skip


def confirmed(picks: dict[str, Pick] = PICKS) -> Lists:
    """The lists of a PSA that has all of it."""
    entries: dict[str, list[Choice]] = {part.source: [] for part in PARTS.values()}
    for name, pick in picks.items():
        entries[PARTS[name].source].append(Choice(pick.ref, pick.name))
    return Lists(parts_of(frozenset(Capability)), entries, picks)


@pytest.fixture
def seeds(app: Flask) -> Seeds:
    return Seeds(db.session(), at=now())


def save(seeds: Seeds, name: str = "Calls", row: TicketingProfile | None = None, **changes: Pick) -> TicketingProfile:
    with writing(seeds.session) as session:
        return service.save(
            session, seeds.integration, name=name, lists=confirmed({**PICKS, **changes}),
            stored_id=row.id if row else None, seen=row.version if row else 0, actor="Alex Moreno", at=now(),
        )  # fmt: skip


def all_at_once(app: Flask, seeds: Seeds, *works: object) -> list[BaseException | None]:
    """Run each on a thread with a session of its own, begun together; what each raised."""
    tenant, gate = seeds.tenant.id, threading.Barrier(len(works))
    seeds.session.rollback()

    def run(work: object) -> BaseException | None:
        with app.app_context():
            session = db.session()
            bind_tenant(session, tenant)
            gate.wait(5)
            try:
                with writing(session):
                    work(session)  # type: ignore[operator]
            except (BadProfile, Overtaken, IntegrityError) as error:
                return error
            finally:
                session.close()
            return None

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def defaults(seeds: Seeds) -> list[str]:
    seeds.session.rollback()
    seeds.session.expire_all()
    return [row.name for row in service.profiles(seeds.session) if row.is_default]


def test_of_two_first_profiles_that_are_saved_at_once_one_is_the_default(app: Flask, seeds: Seeds) -> None:
    place = seeds.integration
    seeds.session.expunge(place)

    def add(name: str) -> object:
        return lambda session: service.save(
            session, place, name=name, lists=confirmed(), stored_id=None, seen=0, actor="Alex", at=now()
        )

    assert all_at_once(app, seeds, *(add(name) for name in ("Calls", "Texts", "Mail"))) == [None, None, None]
    assert len(service.profiles(seeds.session)) == 3 and len(defaults(seeds)) == 1


def test_two_of_the_same_name_at_once_are_one(app: Flask, seeds: Seeds) -> None:
    place = seeds.integration
    seeds.session.expunge(place)

    def add(session: Session) -> None:
        service.save(session, place, name="Calls", lists=confirmed(), stored_id=None, seen=0, actor="A", at=now())

    ends = all_at_once(app, seeds, add, add, add)
    assert sorted(type(end).__name__ for end in ends) == ["BadProfile", "BadProfile", "NoneType"]
    assert len(service.profiles(seeds.session)) == 1


def test_the_default_moves_and_is_never_none_and_never_two(app: Flask, seeds: Seeds) -> None:
    rows = [save(seeds, name) for name in ("Calls", "Texts", "Mail")]
    ids = [row.id for row in rows]

    def make(which: int) -> object:
        def work(session: Session) -> None:
            service.make_default(session, service.profile(session, ids[which]), actor="Alex", at=now())

        return work

    assert all_at_once(app, seeds, make(1), make(2), make(1), make(2)) == [None] * 4
    assert len(defaults(seeds)) == 1 and defaults(seeds) != ["Calls"]


def test_a_default_that_is_deleted_while_another_is_added_leaves_one(app: Flask, seeds: Seeds) -> None:
    only = save(seeds).id
    place = seeds.integration
    seeds.session.expunge(place)

    def delete(session: Session) -> None:
        service.delete(session, service.profile(session, only), actor="Alex", at=now())

    def add(session: Session) -> None:
        service.save(session, place, name="Texts", lists=confirmed(), stored_id=None, seen=0, actor="A", at=now())

    refused, added = all_at_once(app, seeds, delete, add)
    assert added is None and (refused is None or isinstance(refused, BadProfile))
    assert len(defaults(seeds)) == 1


def test_of_two_who_change_one_profile_at_once_the_second_is_told(app: Flask, seeds: Seeds) -> None:
    row, place = save(seeds), seeds.integration
    stored_id = row.id
    seeds.session.expunge(place)

    def change(part: str, pick: Pick) -> object:
        lists = confirmed({**PICKS, part: pick})
        return lambda session: service.save(
            session, place, name="Calls", lists=lists, stored_id=stored_id, seen=1, actor="Alex", at=now()
        )

    ends = all_at_once(app, seeds, change("priority", Pick("1", "Critical")), change("item", Pick("62", "Unlock")))
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "Overtaken"]
    seeds.session.expire_all()
    assert service.profile(seeds.session, stored_id).version == 2


def test_a_profile_that_was_deleted_meanwhile_is_not_saved_over(seeds: Seeds) -> None:
    row = save(seeds)
    with writing(seeds.session) as session:
        service.delete(session, service.profile(session, row.id), actor="Alex", at=now())
    with pytest.raises(Overtaken, match="Somebody deleted this profile"):
        save(seeds, row=row, priority=Pick("1", "Critical"))
    with pytest.raises(Overtaken), writing(seeds.session) as session:
        service.make_default(session, row, actor="Alex", at=now())
    assert service.profiles(seeds.session) == []


def test_the_same_again_changes_nothing_and_tells_nothing(seeds: Seeds) -> None:
    row = save(seeds)
    again = save(seeds, row=row)
    assert again.version == 1


def test_choices_that_the_psa_did_not_confirm_are_never_saved(seeds: Seeds) -> None:
    lists = confirmed()
    unasked = Lists(lists.parts, {k: v for k, v in lists.entries.items() if k != "priority"}, PICKS)
    unknown = Lists(lists.parts, {**lists.entries, "type": []}, PICKS)
    troubled = Lists(lists.parts, lists.entries, PICKS, problems=("ConnectWise did not answer.",))
    for bad in (unasked, unknown, troubled):
        with pytest.raises(BadProfile), writing(seeds.session) as session:
            service.save(session, seeds.integration, name="Calls", lists=bad, stored_id=None, seen=0,
                         actor="A", at=now())  # fmt: skip
    assert service.profiles(seeds.session) == []


def test_the_database_itself_keeps_a_second_default_out(seeds: Seeds) -> None:
    save(seeds)
    with pytest.raises(IntegrityError), writing(seeds.session) as session:
        session.add(
            TicketingProfile(
                integration_id=seeds.integration.id, name="Planted", is_default=True, chosen={}, changed_at=now()
            )
        )
    with suppress(IntegrityError):
        seeds.session.rollback()


def test_a_profile_makes_the_ticket_that_it_describes(seeds: Seeds) -> None:
    row = save(seeds)
    known = service.new_ticket(
        row, summary="Asks for a new password", text="By phone.", reference="PV-1", company="251", contact="80"
    )
    assert (known.company_ref, known.contact_ref) == ("251", "80")
    assert (known.board_ref, known.type_ref, known.subtype_ref, known.item_ref) == ("1", "41", "51", "61")
    assert (known.priority_ref, known.status_ref, known.reference) == ("3", "501", "PV-1")
    nobody = service.new_ticket(row, summary="Unknown caller", text="x", reference="PV-2", contact="80")
    assert (nobody.company_ref, nobody.contact_ref) == ("250", "")
    with pytest.raises(ValueError, match="reference"):
        service.new_ticket(row, summary="x", text="x", reference=" ")


def test_an_integration_without_profiles_has_no_default(seeds: Seeds) -> None:
    assert service.default_profile(seeds.session, seeds.integration.id) is None
    row = save(seeds)
    found = service.default_profile(seeds.session, seeds.integration.id)
    assert found is not None and found.id == row.id
