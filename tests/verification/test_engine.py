"""The engine's rules: what a start, an answer, a delivery and the clock do to a verification."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask
from seeds import NOON, Seeds
from sqlalchemy import select

from podserver.database import db, writing
from podserver.delivery import outbox
from podserver.delivery.models import OutboxRow, Progress
from podserver.history.models import HistoryEvent
from podserver.history.service import Entry, Kind
from podserver.tenancy import bind_tenant
from podserver.verification import deliveries, limits, locks
from podserver.verification import service as verification
from podserver.verification.asking import Asker
from podserver.verification.ending import End, Result, finish, subject_of
from podserver.verification.models import Delivery, Guard, State, Verification


@pytest.fixture
def northgate(app: Flask) -> Seeds:
    return Seeds(db.session())


def code_of(seeds: Seeds, result: Result) -> str:
    """The code as the caller would read it: from the message that waits in the outbox."""
    assert result.verification is not None
    # The note that tells of the end has the same subject.
    message = select(OutboxRow).where(OutboxRow.subject == result.verification.id, OutboxRow.channel == "sms")
    return str(json.loads(seeds.session.scalars(message).one().payload)["body"][-6:])


def wrong(code: str) -> str:
    return str((int(code) + 1) % 1_000_000).zfill(6)


def kinds(seeds: Seeds, result: Result | None = None) -> list[str]:
    statement = select(HistoryEvent.kind).where(HistoryEvent.verification.is_not(None)).order_by(HistoryEvent.id)
    if result is not None and result.verification is not None:
        statement = statement.where(HistoryEvent.verification == result.verification.id)
    return list(seeds.session.scalars(statement))


def stored(seeds: Seeds, result: Result) -> Verification:
    assert result.verification is not None
    seeds.session.expire_all()
    return seeds.session.get_one(Verification, result.verification.id)


def notes(seeds: Seeds) -> list[str]:
    rows = seeds.session.scalars(select(OutboxRow).where(OutboxRow.channel == "psa_note"))
    return [json.loads(row.payload)["text"] for row in rows]


def deliver(seeds: Seeds, result: Result, status: str, *, code: str = "", reason: str = "",
            progress: Progress = Progress.DONE, at: datetime = NOON) -> None:  # fmt: skip
    assert result.verification is not None
    with writing(seeds.session):
        deliveries.DeliveryTopic().report(
            seeds.session, outbox.Report(result.verification.id, progress, status, reason, code, at)
        )


def test_a_start_writes_the_request_its_event_and_its_message_together(northgate: Seeds) -> None:
    result = northgate.start()
    assert stored(northgate, result).state == State.PENDING
    assert kinds(northgate, result) == ["requested"]
    row = northgate.session.get_one(OutboxRow, result.outbox[0])
    assert json.loads(row.payload)["to"] == "+12025550142"
    assert stored(northgate, result).expires_at == NOON + timedelta(minutes=5)


def test_the_right_code_verifies_for_an_hour_and_the_ticket_gets_one_note(northgate: Seeds) -> None:
    result = northgate.start()
    checked = northgate.check(result, code_of(northgate, result), at=NOON + timedelta(seconds=40))
    assert checked.verification is not None and checked.verification.state == State.VERIFIED
    row = stored(northgate, result)
    assert row.green_until == NOON + timedelta(seconds=40, minutes=60)
    assert kinds(northgate, result) == ["requested", "verified"]
    (note,) = notes(northgate)
    assert "Caller verified." in note and "Dana Whitfield" in note and "Sam Okafor" in note
    assert f"Ref PV-{row.id.upper()}" in note
    assert "2025550142" not in note.replace(" ", "") and code_of(northgate, result) not in note


@pytest.mark.parametrize("typed", ["{0} {1}", "{0}-{1}", " {0}{1} ", "{0}.{1}"])
def test_a_code_may_be_typed_with_spaces_and_dashes(northgate: Seeds, typed: str) -> None:
    result = northgate.start()
    code = code_of(northgate, result)
    checked = northgate.check(result, typed.format(code[:3], code[3:]))
    assert checked.verification is not None and checked.verification.state == State.VERIFIED


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12a456", "code", "１２３", "1" * 64])
def test_what_cannot_be_a_code_is_no_guess(northgate: Seeds, typed: str) -> None:
    result = northgate.start()
    with pytest.raises(ValueError, match="6 digits"):
        northgate.check(result, typed)
    northgate.session.rollback()
    assert stored(northgate, result).wrong_guesses == 0


def test_a_code_works_once(northgate: Seeds) -> None:
    result = northgate.start()
    code = code_of(northgate, result)
    northgate.check(result, code)
    again = northgate.check(result, code)
    assert not again.changed
    assert kinds(northgate, result).count("verified") == 1
    assert len(notes(northgate)) == 1


@pytest.mark.parametrize(("seconds", "state"), [(299, State.VERIFIED), (300, State.EXPIRED), (301, State.EXPIRED)])
def test_a_code_lives_five_minutes_to_the_second(northgate: Seeds, seconds: int, state: State) -> None:
    result = northgate.start()
    northgate.check(result, code_of(northgate, result), at=NOON + timedelta(seconds=seconds))
    assert stored(northgate, result).state == state


@pytest.mark.parametrize(("seconds", "state"), [(599, State.VERIFIED), (601, State.EXPIRED)])
def test_no_setting_makes_a_code_live_longer_than_ten_minutes(northgate: Seeds, seconds: int, state: State) -> None:
    northgate.allow(minutes_alive=10)
    result = northgate.start()
    northgate.check(result, code_of(northgate, result), at=NOON + timedelta(seconds=seconds))
    assert stored(northgate, result).state == state


def test_five_wrong_codes_lock_with_growing_waits(northgate: Seeds) -> None:
    result = northgate.start()
    bad = wrong(code_of(northgate, result))
    at = NOON
    left = []
    for number in range(5):
        if number and limits.WAITS[number]:
            early = northgate.check(result, bad, at=at + limits.WAITS[number] - timedelta(milliseconds=10))
            assert "Wait" in early.refused
        at += limits.WAITS[number] + timedelta(milliseconds=1)
        left.append(northgate.check(result, bad, at=at).tries_left)
    assert left == [4, 3, 2, 1, None]
    assert stored(northgate, result).state == State.LOCKED
    assert kinds(northgate, result) == ["requested"] + ["wrong code"] * 5 + ["locked"]
    assert "too many wrong codes" in notes(northgate)[0]
    right = northgate.check(result, code_of(northgate, result), at=at + timedelta(seconds=1))
    assert stored(northgate, result).state == State.LOCKED and "Too many wrong codes" in right.refused
    refused = northgate.start(at=at + timedelta(minutes=1))
    assert refused.verification is None and "too many wrong codes" in refused.refused.lower()


def test_a_resend_does_not_reset_the_guesses(northgate: Seeds) -> None:
    first = northgate.start()
    at = NOON
    for number in range(3):
        at += limits.WAITS[number] + timedelta(milliseconds=1)
        northgate.check(first, wrong(code_of(northgate, first)), at=at)
    second = northgate.start(at=NOON + timedelta(seconds=31), again=True)
    assert second.verification is not None and second.verification.id != first.verification.id  # type: ignore[union-attr]
    assert stored(northgate, first).state == State.SUPERSEDED
    at = NOON + timedelta(seconds=45)
    assert northgate.check(second, wrong(code_of(northgate, second)), at=at).tries_left == 1
    northgate.check(second, wrong(code_of(northgate, second)), at=at + timedelta(seconds=11))
    assert stored(northgate, second).state == State.LOCKED


def test_the_code_before_a_resend_is_refused_as_superseded(northgate: Seeds) -> None:
    first = northgate.start()
    northgate.start(at=NOON + timedelta(seconds=31), again=True)
    late = northgate.check(first, code_of(northgate, first), at=NOON + timedelta(seconds=32))
    assert "newer code" in late.refused
    assert stored(northgate, first).state == State.SUPERSEDED
    assert kinds(northgate, first)[-1] == "late proof refused"


def test_a_resend_waits_thirty_seconds(northgate: Seeds) -> None:
    first = northgate.start()
    early = northgate.start(at=NOON + timedelta(seconds=29), again=True)
    assert early.verification is not None and first.verification is not None
    assert early.verification.id == first.verification.id and "resend is possible" in early.refused
    later = northgate.start(at=NOON + timedelta(seconds=30), again=True)
    assert later.outbox


def test_a_second_click_tab_or_technician_joins_the_request_that_runs(northgate: Seeds) -> None:
    first = northgate.start(request_id="a" * 26)
    priya = Asker(northgate.add_user("Priya Nair", northgate.user.role).id, "Priya Nair")
    bind_tenant(northgate.session, northgate.tenant.id)
    for request_id, asker in (("a" * 26, None), ("b" * 26, None), ("c" * 26, priya)):
        joined = northgate.start(request_id=request_id, asker=asker, at=NOON + timedelta(seconds=100))
        assert joined.verification is not None and joined.verification.id == first.verification.id  # type: ignore[union-attr]
        assert not joined.outbox
    assert len(northgate.session.scalars(select(OutboxRow)).all()) == 1


def test_the_same_check_twice_is_one_guess(northgate: Seeds) -> None:
    result = northgate.start()
    bad = wrong(code_of(northgate, result))
    one = northgate.check(result, bad, request_id="k" * 26)
    two = northgate.check(result, bad, request_id="k" * 26)
    assert (one.tries_left, two.tries_left) == (4, 4)
    assert kinds(northgate, result).count("wrong code") == 1


def test_success_clears_the_failures_of_its_own_number_only(northgate: Seeds) -> None:
    mobile, direct = northgate.start(), northgate.start(number="2025550177")
    northgate.check(mobile, wrong(code_of(northgate, mobile)))
    northgate.check(direct, wrong(code_of(northgate, direct)))
    northgate.check(mobile, code_of(northgate, mobile), at=NOON + timedelta(seconds=5))
    guards = {g.destination_key: g.failures for g in northgate.session.scalars(select(Guard))}
    assert guards[northgate.target().key] == 0
    assert guards[northgate.target("2025550177").key] == 1


def test_three_messages_in_ten_minutes_to_one_number_and_then_no_more(northgate: Seeds) -> None:
    at = NOON
    for _ in range(3):
        assert northgate.start(at=at, again=True).outbox
        at += timedelta(seconds=31)
    fourth = northgate.start(at=at, again=True)
    assert not fourth.outbox and "3 messages in 10 minutes" in fourth.refused
    assert northgate.start(at=NOON + timedelta(minutes=10), again=True).outbox


def test_the_technicians_and_the_companys_budget_are_kept(northgate: Seeds) -> None:
    northgate.set(technician_sends_per_hour=2)
    for number in ("2025550101", "2025550102"):
        assert northgate.start(number=number).outbox
    assert "your budget of 2" in northgate.start(number="2025550103").refused.lower()
    northgate.set(technician_sends_per_hour=None, sends_per_hour=2)
    assert "company's budget" in northgate.start(number="2025550104").refused
    assert northgate.start(number="2025550104", at=NOON + timedelta(minutes=61)).outbox


def test_ten_wrong_codes_a_day_lock_the_contact_whatever_the_number(northgate: Seeds) -> None:
    at = NOON
    for number in ("2025550101", "2025550102", "2025550103"):
        result = northgate.start(number=number, at=at)
        for _ in range(4):
            at += timedelta(seconds=11)
            last = northgate.check(result, wrong(code_of(northgate, result)), at=at)
            if last.verification is not None and last.verification.state == State.LOCKED:
                break
    assert stored(northgate, result).state == State.LOCKED
    other = northgate.start(number="2025550109", at=at + timedelta(hours=1))
    assert "for this contact today" in other.refused
    assert northgate.start(number="2025550109", at=NOON + timedelta(hours=24, seconds=30)).outbox


def test_thirty_wrong_codes_a_month_need_an_admin(northgate: Seeds) -> None:
    result = northgate.start()
    with writing(northgate.session) as session:
        for guard in session.scalars(select(Guard).where(Guard.destination_key == "")):
            guard.month_failures = 29
    northgate.check(result, wrong(code_of(northgate, result)))
    assert stored(northgate, result).state == State.LOCKED
    refused = northgate.start(at=NOON + timedelta(days=29))
    assert "an admin has to unlock" in refused.refused
    with writing(northgate.session) as session:
        locks.unlock(
            session, contact="77", integration_id=northgate.integration.id, actor="Alex", at=NOON + timedelta(days=29)
        )
    assert northgate.start(at=NOON + timedelta(days=29, seconds=1)).outbox


@pytest.mark.parametrize(("status", "delivery"), [("queued", Delivery.ACCEPTED), ("delivered", Delivery.DELIVERED)])
def test_a_delivery_is_shown_and_changes_no_state(northgate: Seeds, status: str, delivery: Delivery) -> None:
    result = northgate.start()
    deliver(northgate, result, status)
    assert (stored(northgate, result).state, stored(northgate, result).delivery) == (State.PENDING, delivery)


def test_a_message_that_cannot_arrive_ends_the_request_with_its_reason(northgate: Seeds) -> None:
    result = northgate.start()
    deliver(northgate, result, "undelivered", code="30003", reason="the phone is off or out of reach")
    row = stored(northgate, result)
    assert (row.state, row.reason) == (State.FAILED, "the phone is off or out of reach")
    assert kinds(northgate, result) == ["requested", "undelivered", "failed"]
    late = northgate.check(result, code_of(northgate, result))
    assert "not delivered" in late.refused and stored(northgate, result).state == State.FAILED


def test_an_unknown_hand_over_leaves_the_code_valid(northgate: Seeds) -> None:
    result = northgate.start()
    deliver(northgate, result, "", progress=Progress.UNKNOWN, reason="the worker stopped")
    assert stored(northgate, result).delivery == Delivery.UNKNOWN
    northgate.check(result, code_of(northgate, result))
    assert stored(northgate, result).state == State.VERIFIED


def test_a_receipt_that_comes_after_the_end_changes_no_state(northgate: Seeds) -> None:
    result = northgate.start()
    northgate.check(result, code_of(northgate, result))
    deliver(northgate, result, "undelivered", code="30003", reason="off")
    assert stored(northgate, result).state == State.VERIFIED


def test_the_sweeper_ends_what_ran_out_and_the_ticket_is_told(northgate: Seeds) -> None:
    result = northgate.start()
    assert verification.expire_due(northgate.session, NOON + timedelta(seconds=299)) == []
    assert len(verification.expire_due(northgate.session, NOON + timedelta(seconds=300))) == 1
    assert verification.expire_due(northgate.session, NOON + timedelta(seconds=301)) == []
    assert stored(northgate, result).state == State.EXPIRED
    assert "the code expired" in notes(northgate)[0]


def test_cancel_ends_a_pending_request_and_nothing_else(northgate: Seeds) -> None:
    result = northgate.start()
    assert result.verification is not None
    ask = {"asker": northgate.asker, "integration_id": northgate.integration.id, "contact": "77", "at": NOON}
    with writing(northgate.session) as session:
        verification.cancel(session, verification_id=result.verification.id, **ask)  # type: ignore[arg-type]
    assert stored(northgate, result).state == State.CANCELLED
    with writing(northgate.session) as session:
        again = verification.cancel(session, verification_id=result.verification.id, **ask)  # type: ignore[arg-type]
    assert not again.changed
    with pytest.raises(LookupError):
        verification.cancel(northgate.session, verification_id="z" * 26, **ask)  # type: ignore[arg-type]


def test_who_comes_second_reaches_no_end_and_learns_of_the_first(northgate: Seeds) -> None:
    result = northgate.start()
    seen_while_pending = result.verification
    assert seen_while_pending is not None
    northgate.check(result, code_of(northgate, result))
    already = kinds(northgate, result), notes(northgate)
    cancelled = End(State.CANCELLED, Kind.CANCELLED)
    with writing(northgate.session) as session:
        late = finish(session, seen_while_pending, cancelled, "Sam Okafor", NOON)
    assert late.verification is not None and late.verification.state == State.VERIFIED
    assert not late.changed and not late.outbox and not late.refused
    assert (kinds(northgate, result), notes(northgate)) == already
    # What happened either way is told either way.
    wrong_one = Entry(Kind.WRONG_CODE, subject_of(seen_while_pending), "Sam Okafor")
    with writing(northgate.session) as session:
        late = finish(session, seen_while_pending, cancelled, "Sam Okafor", NOON, before=wrong_one)
    assert late.changed and late.verification is not None and late.verification.state == State.VERIFIED
    assert (kinds(northgate, result), notes(northgate)) == ([*already[0], "wrong code"], already[1])
    assert stored(northgate, result).state == State.VERIFIED


def test_a_code_is_bound_to_its_own_request_contact_and_tenant(northgate: Seeds) -> None:
    mobile, direct = northgate.start(), northgate.start(number="2025550177")
    crossed = northgate.check(direct, code_of(northgate, mobile))
    if code_of(northgate, mobile) != code_of(northgate, direct):
        assert crossed.tries_left == 4
    assert mobile.verification is not None
    with pytest.raises(LookupError):
        verification.check(
            northgate.session, tenant=northgate.tenant, asker=northgate.asker, verification_id=mobile.verification.id,
            integration_id=northgate.integration.id, contact="78", answer="123456", request_id="r" * 26, at=NOON,
        )  # fmt: skip
    northgate.session.rollback()
    code = code_of(northgate, mobile)
    southgate = Seeds(northgate.session, "Southgate IT")
    with pytest.raises(LookupError):
        southgate.check(mobile, code)


def test_nothing_in_the_tables_confirms_a_guess_without_the_tenants_key(northgate: Seeds) -> None:
    result = northgate.start()
    code = code_of(northgate, result)
    dump = "\n".join(
        str(tuple(row))
        for table in ("verifications", "guards", "outbox", "history_events", "tenants")
        for row in northgate.session.connection().exec_driver_sql(f"SELECT * FROM {table}")
    )
    assert code not in dump and "2025550142" not in dump and northgate.tenant.hash_key not in dump
