"""Everything that can happen to requests, in any order, against what must hold whatever happens.

The rules below do what technicians, callers, providers, admins and the clock do. What may come of an answer is worked
out from the rows as they stood before it; the invariants look at every row after every step.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import parts
import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from seeds import NOON, Seeds
from sqlalchemy import event, select

from podserver.branding.letters import Letterhead
from podserver.database import begin_write, db, discard, writing
from podserver.delivery import outbox
from podserver.delivery.models import OutboxRow, Progress
from podserver.history.models import HistoryEvent
from podserver.history.service import Kind
from podserver.policies import policy as policies
from podserver.security import sealing
from podserver.verification import answers, deliveries, guards, limits, locks, starting
from podserver.verification import service as verification
from podserver.verification.destinations import account_target, email_target, phone_target
from podserver.verification.ending import Result
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof, Target
from podserver.verification.methods.link import typed_number
from podserver.verification.models import Guard, State, Verification

EMAIL: Final = "dana@larkfield.example"
FINAL: Final = {state.value for state in State} - {"pending"}
STATUSES: Final = ("queued", "sent", "delivered", "undelivered", "failed", "busy", "no-answer", "machine", "spoken",
                   "completed", "hung-up", "read")  # fmt: skip
# So many seconds bring the clock to the edges of waits, resends, lives, windows and locks, and to both sides of them.
STEPS: Final = (
    0.001,
    1,
    2,
    5,
    10,
    29,
    29.999,
    30,
    59.999,
    60,
    180,
    299.999,
    300,
    300.001,
    599.999,
    600,
    900,
    3600,
    86400,
)

methods = st.integers(0, 7)
# The newest requests are where things happen.
picks = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 5])


def there_is(*proofs: Proof) -> Callable[[Any], bool]:
    """Whether there is a request of one of these kinds."""
    return lambda self: any(METHODS[each.method].proof in proofs for each in self.sent)


@dataclass
class Sent:
    """A request as its receiver knows it. ``proof`` is the code, or the number where the page asks for one."""

    id: str
    method: str
    key: str
    request_id: str
    proof: str
    presses: list[str] = dataclasses.field(default_factory=list)


class Requests(RuleBasedStateMachine):
    """One contact of the tenant; every example has a contact of its own."""

    seeds: Seeds
    contacts = itertools.count(1000)

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = NOON
        self.session = self.seeds.session
        self.tenant = self.seeds.tenant
        self.contact = str(next(self.contacts))
        self.caller = dataclasses.replace(self.seeds.caller, contact=self.contact)
        self.integration = self.caller.integration_id
        self.sent: list[Sent] = []
        self.ended: dict[str, tuple[Any, ...]] = {}
        self.proven: set[str] = set()
        # Ended by a newer one of which the ticket is told instead, whether it had run out by then or not.
        self.replaced: set[str] = set()
        self.alarm_until: datetime | None = None

    @initialize(
        typed_number=st.sampled_from(["never", "mail", "always"]),
        cooldown=st.sampled_from([0, 5, 60]),
        alive=st.sampled_from([1, 5, 10]),
        outcomes=st.sampled_from([policies.OUTCOMES, ("verified", "denied")]),
    )
    def a_policy(self, typed_number: str, cooldown: int, alive: int, outcomes: tuple[str, ...]) -> None:
        everything = tuple(name for name in METHODS if METHODS[name].proof != Proof.WORD)
        policy = policies.Policy(
            methods=everything,
            typed_number=policies.TypedNumber(typed_number),
            cooldown_minutes=cooldown,
            minutes_alive=alive,
            note_outcomes=outcomes,
        )
        self.cooldown = cooldown
        self.setting = starting.Setting(
            self.tenant, policy, "https://pod.example.com", lambda: Letterhead(self.tenant.name)
        )
        known: dict[str, Any] = {
            "hash_key": self.tenant.hash_key,
            "integration_id": self.integration,
            "contact": self.contact,
        }
        phone = {"region": "US", "mobile": True, **known}
        self.targets: list[Target] = [
            phone_target(value="2025550142", **phone),
            phone_target(value="2025550177", **phone),
            email_target(value=EMAIL, **known),
            account_target(kind="duo", address=EMAIL, **known),
            account_target(kind="microsoft", address=EMAIL, **known),
        ]

    # --- How things are done ------------------------------------------------------------------------------------

    def do(self, act: Callable[[], Result]) -> Result | None:
        """Act in a transaction as the doors do: committed where something changed, else undone."""
        self.session.rollback()
        begin_write(self.session)
        try:
            result = act()
        except (LookupError, ValueError):
            discard(self.session)
            return None
        if result.changed:
            self.session.commit()
        else:
            discard(self.session)
        return result

    def read(self, statement: Any) -> list[Any]:
        """What stands in the database now, for good: nothing of it changes afterwards."""
        self.session.rollback()
        self.session.expunge_all()
        found = list(self.session.execute(statement))
        self.session.expunge_all()
        self.session.rollback()
        return found

    def row(self, sent: Sent) -> Verification:
        """The verification as it stands."""
        found: Verification = self.read(select(Verification).where(Verification.id == sent.id))[0][0]
        return found

    def late_proofs(self, sent: Sent) -> int:
        """How many answers to it came too late."""
        kinds = self.session.scalars(select(HistoryEvent.kind).where(HistoryEvent.verification == sent.id))
        return kinds.all().count(Kind.LATE_PROOF)

    def rows(self) -> list[Verification]:
        """Every verification of the contact."""
        return [row for (row,) in self.read(select(Verification).where(Verification.contact == self.contact))]

    def guards(self) -> dict[str, Guard]:
        """The contact's guards; that of all destinations has no key."""
        found = self.read(select(Guard).where(Guard.contact == self.contact))
        return {guard.destination_key: guard for (guard,) in found}

    def may(self, sent: Sent, *, guess: bool = False, locks_count: bool = True) -> bool:
        """Whether a right answer has to be accepted now, by the rows as they stand before it."""
        row, known = self.row(sent), self.guards()
        mine = (known[""], known[sent.key])
        locked = any(guard.locked_until is not None and guard.locked_until > self.at for guard in mine)
        waits = known[sent.key].next_guess_at
        too_soon = guess and waits is not None and waits > self.at
        return row.state == State.PENDING and row.expires_at > self.at and not (locks_count and locked) and not too_soon

    def pick(self, number: int, *proofs: Proof) -> Sent:
        """One of the newest requests of a kind."""
        fitting = [each for each in self.sent if METHODS[each.method].proof in proofs]
        return fitting[-1 - number % len(fitting)]

    def judged(self, sent: Sent, expected: bool) -> None:
        """A right answer verifies exactly where it has to."""
        state = self.row(sent).state
        assert (state == State.VERIFIED) == (expected or sent.id in self.proven), (sent, state, expected)
        if expected:
            self.proven.add(sent.id)

    def alarmed(self, before: Guard) -> None:
        """After the contact said that they did not ask: locked for the time of the policy, nothing left pending."""
        until = self.at + timedelta(minutes=self.cooldown) if self.cooldown else guards.FOR_GOOD
        contact = self.guards()[""]
        until = max(until, before.locked_until or until)
        assert contact.locked_until == until and contact.failures == before.failures
        self.alarm_until = until
        assert not [row for row in self.rows() if row.state == State.PENDING]

    # --- Technicians and admins ---------------------------------------------------------------------------------

    @rule(destination=methods, method=methods, again=st.booleans(), on_ticket=st.booleans())
    def start(self, destination: int, method: int, again: bool, on_ticket: bool) -> None:
        where = self.targets[destination % len(self.targets)]
        fitting = [name for name, each in METHODS.items() if where.kind in each.kinds and each.proof != Proof.WORD]
        self._start(where, fitting[method % len(fitting)], again, sealing.random_id(), on_ticket)

    @rule(method=st.sampled_from(["sms_link", "mail_link", "sms_code"]))
    def start_a_common_one(self, method: str) -> None:
        where = self.targets[2 if method == "mail_link" else 0]
        self._start(where, method, False, sealing.random_id(), True)

    @precondition(lambda self: self.sent)
    @rule(which=picks, method=methods)
    def resend_by_another_method(self, which: int, method: int) -> None:
        sent = self.sent[-1 - which % len(self.sent)]
        where = next(each for each in self.targets if each.key == sent.key)
        self.at += limits.RESEND_AFTER
        fitting = [name for name, each in METHODS.items() if where.kind in each.kinds and each.proof != Proof.WORD]
        self._start(where, fitting[method % len(fitting)], True, sealing.random_id(), True)

    @precondition(lambda self: self.sent)
    @rule(which=picks, again=st.booleans())
    def start_the_same_once_more(self, which: int, again: bool) -> None:
        sent = self.sent[-1 - which % len(self.sent)]
        where = next(each for each in self.targets if each.key == sent.key)
        before = len(self.rows())
        self._start(where, sent.method, again, sent.request_id, True)
        assert len(self.rows()) == before, "the same request is the same start"

    def _start(self, where: Target, method: str, again: bool, request_id: str, on_ticket: bool) -> None:
        caller = self.caller if on_ticket else dataclasses.replace(self.caller, ticket="", ticket_ref="")
        before = self.guards()
        live = [row for row in self.rows() if row.state == State.PENDING and row.destination_key == where.key]
        result = self.do(
            lambda: starting.start(
                self.session, setting=self.setting, asker=self.seeds.asker, caller=caller, target=where, method=method,
                request_id=request_id, again=again, at=self.at,
            )
        )  # fmt: skip
        assert result is not None
        for key, guard in self.guards().items():
            old = before.get(key)
            mine = (guard.failures, guard.day_failures, guard.month_failures, guard.locked_until, guard.next_guess_at)
            theirs = (0, 0, 0, None, None)
            if old is not None:
                theirs = (old.failures, old.day_failures, old.month_failures, old.locked_until, old.next_guess_at)  # type: ignore[assignment]
            assert mine == theirs, "a send leaves the counters of guesses alone"
        if not result.outbox:
            return
        self.replaced |= {row.id for row in live}
        assert self.alarm_until is None or self.alarm_until <= self.at, "sent in spite of the alarm"
        assert result.verification is not None
        self.sent.append(self._read(result, method, where.key, request_id))

    def _read(self, result: Result, method: str, key: str, request_id: str) -> Sent:
        """What the message holds, as its receiver sees it."""
        assert result.verification is not None
        row = self.session.get_one(OutboxRow, result.outbox[0])
        payload = json.loads(row.payload)
        self.session.rollback()
        proof = ""
        if METHODS[method].proof == Proof.CODE:
            said = payload.get("code") or payload.get("body") or payload["text"]
            found = re.search(r"(?<!\d)\d{6}(?!\d)", said)
            assert found is not None
            proof = found[0]
        elif result.verification.digits:
            proof = typed_number(self.tenant.hash_key, result.verification.id)
        return Sent(result.verification.id, method, key, request_id, proof)

    @precondition(lambda self: self.sent)
    @rule(which=picks)
    def cancel(self, which: int) -> None:
        sent = self.sent[-1 - which % len(self.sent)]
        pending = self.row(sent).state == State.PENDING
        self.do(
            lambda: verification.cancel(
                self.session, asker=self.seeds.asker, verification_id=sent.id,
                integration_id=self.integration, contact=self.contact, at=self.at,
            )
        )  # fmt: skip
        assert not pending or self.row(sent).state == State.CANCELLED

    @precondition(lambda self: any(guard.locked_until for guard in self.guards().values()))
    @rule()
    def unlock(self) -> None:
        with writing(self.session):
            locks.unlock(self.session, contact=self.contact, integration_id=self.integration, actor="Alex", at=self.at)
        self.alarm_until = None

    # --- Codes --------------------------------------------------------------------------------------------------

    def _check(self, sent: Sent, code: str, request_id: str) -> Result | None:
        return self.do(
            lambda: verification.check(
                self.session, tenant=self.tenant, asker=self.seeds.asker, verification_id=sent.id,
                integration_id=self.integration, contact=self.contact, answer=code, request_id=request_id, at=self.at,
            )
        )  # fmt: skip

    @precondition(there_is(Proof.CODE))
    @rule(which=picks, twice=st.booleans())
    def right_code(self, which: int, twice: bool) -> None:
        sent = self.pick(which, Proof.CODE)
        expected, request_id = self.may(sent, guess=True), sealing.random_id()
        for _ in range(1 + twice):
            self._check(sent, sent.proof, request_id)
        self.judged(sent, expected)

    @precondition(there_is(Proof.CODE))
    @rule(which=picks, twice=st.booleans(), times=st.sampled_from([1, 1, 2, 5]))
    def wrong_code(self, which: int, twice: bool, times: int) -> None:
        sent = self.pick(which, Proof.CODE)
        wrong = str((int(sent.proof) + 1) % 1_000_000).zfill(6)
        for _ in range(times):
            request_id = sealing.random_id()
            before = self.row(sent).wrong_guesses
            for _ in range(1 + twice):
                self._check(sent, wrong, request_id)
            assert self.row(sent).wrong_guesses <= before + 1, "the same check is one guess"
            self.at += timedelta(seconds=10)

    @precondition(there_is(Proof.CODE))
    @rule(which=picks, other=picks)
    def code_of_another_request(self, which: int, other: int) -> None:
        sent, source = self.pick(which, Proof.CODE), self.pick(other, Proof.CODE)
        if source.proof == sent.proof:
            return
        self._check(sent, source.proof, sealing.random_id())

    # --- Links --------------------------------------------------------------------------------------------------

    def _validate(self, sent: Sent, number: str, press: str) -> Result | None:
        sent.presses.append(press)
        return self.do(
            lambda: answers.validate(
                self.session, tenant=self.tenant, verification_id=sent.id, number=number, at=self.at, press=press
            )
        )

    @precondition(there_is(Proof.LINK))
    @rule(which=picks, twice=st.booleans())
    def validate(self, which: int, twice: bool) -> None:
        sent = self.pick(which, Proof.LINK)
        expected, press = self.may(sent), sealing.fingerprint(sealing.random_id())
        for _ in range(1 + twice):
            self._validate(sent, sent.proof, press)
        self.judged(sent, expected)

    @precondition(there_is(Proof.LINK))
    @rule(which=picks, twice=st.booleans(), other=picks)
    def wrong_number(self, which: int, twice: bool, other: int) -> None:
        sent, source = self.pick(which, Proof.LINK), self.pick(other, Proof.LINK)
        if not sent.proof:
            return
        wrong = source.proof if source.proof not in ("", sent.proof) else str(10 + (int(sent.proof) - 9) % 90)
        before, open_now = self.row(sent).wrong_guesses, self.may(sent)
        press = sealing.fingerprint(sealing.random_id())
        for _ in range(1 + twice):
            self._validate(sent, wrong, press)
        row = self.row(sent)
        assert row.wrong_guesses == before + open_now, "the same press is one try"
        if open_now:
            assert row.state == (State.LOCKED if row.wrong_guesses == answers.WRONG_NUMBERS else State.PENDING)

    @precondition(there_is(Proof.LINK))
    @rule(which=picks, typed=st.sampled_from(["", "0", "abc", "1 2 3", "٣"]))
    def no_number(self, which: int, typed: str) -> None:
        sent = self.pick(which, Proof.LINK)
        if not sent.proof:
            return
        before, open_now = self.row(sent), self.may(sent)
        self._validate(sent, typed, sealing.fingerprint(sealing.random_id()))
        after = self.row(sent)
        assert after.wrong_guesses == before.wrong_guesses
        assert not open_now or after.state == State.PENDING

    @precondition(there_is(Proof.LINK))
    @rule(which=picks)
    def an_old_press_once_more(self, which: int) -> None:
        sent = self.pick(which, Proof.LINK)
        before = self.row(sent)
        if not sent.presses or before.last_check != sent.presses[-1]:
            return
        self._validate(sent, sent.proof, sent.presses[-1])
        after = self.row(sent)
        assert (after.state, after.wrong_guesses) == (before.state, before.wrong_guesses)

    @precondition(there_is(Proof.LINK, Proof.SIGN_IN))
    @rule(which=picks, times=st.sampled_from([1, 1, 2]))
    def did_not_ask(self, which: int, times: int) -> None:
        sent = self.pick(which, Proof.LINK, Proof.SIGN_IN)
        expected, before = self.may(sent, locks_count=False), self.guards()[""]
        for _ in range(times):
            self.do(lambda: answers.deny(self.session, verification_id=sent.id, at=self.at))
        if expected:
            assert self.row(sent).state == State.DENIED and self.row(sent).alarm
            self.alarmed(before)
        else:
            assert self.guards()[""].locked_until == before.locked_until, "a late word locks nobody"

    @precondition(there_is(Proof.CODE, Proof.PUSH))
    @rule(which=picks)
    def link_of_a_code_or_a_push(self, which: int) -> None:
        sent = self.pick(which, Proof.CODE, Proof.PUSH)
        before = self.row(sent).state
        for act in (
            lambda: answers.validate(self.session, tenant=self.tenant, verification_id=sent.id, number="", at=self.at),
            lambda: answers.deny(self.session, verification_id=sent.id, at=self.at),
            lambda: answers.accept_sign_in(self.session, verification_id=sent.id, at=self.at),
        ):
            assert self.do(act) is None, "there is no page to this request"
        assert self.row(sent).state == before

    @precondition(there_is(Proof.SIGN_IN))
    @rule(which=picks, own_account=st.booleans())
    def sign_in(self, which: int, own_account: bool) -> None:
        sent = self.pick(which, Proof.SIGN_IN)
        expected = own_account and self.may(sent, locks_count=False)
        was_pending = self.row(sent).state == State.PENDING
        if own_account:
            self.do(lambda: answers.accept_sign_in(self.session, verification_id=sent.id, at=self.at))
        else:
            reason = "another account signed in"
            self.do(lambda: answers.refuse_sign_in(self.session, verification_id=sent.id, reason=reason, at=self.at))
        self.judged(sent, expected)
        if was_pending and not own_account:
            assert self.row(sent).state == State.FAILED

    # --- Providers ----------------------------------------------------------------------------------------------

    def _report(self, topic: Any, sent: Sent, status: str, progress: Progress) -> None:
        report = outbox.Report(sent.id, progress, status, "a reason", "30003", self.at, "reference")
        self.session.rollback()
        with writing(self.session):
            topic.report(self.session, report)

    @precondition(lambda self: self.sent)
    @rule(
        which=picks,
        statuses=st.lists(st.sampled_from(STATUSES), min_size=1, max_size=4),
        progress=st.sampled_from([Progress.DONE, Progress.DONE, Progress.DONE, Progress.FAILED, Progress.UNKNOWN]),
        twice=st.booleans(),
    )
    def delivery_reports(self, which: int, statuses: list[str], progress: Progress, twice: bool) -> None:
        """In any order, doubled, late, and of whatever request."""
        sent = self.sent[-1 - which % len(self.sent)]
        for status in statuses:
            for _ in range(1 + twice):
                self._report(deliveries.DeliveryTopic(), sent, status, progress)

    @precondition(lambda self: any(each.method == "voice_code" for each in self.sent))
    @rule(which=picks)
    def key_pressed_on_the_telephone(self, which: int) -> None:
        calls = [each for each in self.sent if each.method == "voice_code"]
        sent = calls[-1 - which % len(calls)]
        pending, before = self.row(sent).state == State.PENDING, self.guards()[""]
        heard_late = self.late_proofs(sent)
        self._report(deliveries.DeliveryTopic(), sent, deliveries.NOT_ASKED, Progress.DONE)
        # Whoever presses it after the code was accepted is heard too, though it changes no end.
        assert self.late_proofs(sent) == heard_late + (not pending)
        if pending:
            assert self.row(sent).state == State.DENIED
            self.alarmed(before)

    @precondition(there_is(Proof.PUSH))
    @rule(
        which=picks,
        status=st.sampled_from(
            ["approved", "verified", "denied", "not_asked", "no_answer", "not_delivered", "refused", ""]
        ),
        twice=st.booleans(),
        failed=st.booleans(),
    )
    def push_answer(self, which: int, status: str, twice: bool, failed: bool) -> None:
        sent = self.pick(which, Proof.PUSH)
        in_time, before = self.may(sent, locks_count=False), self.guards()[""]
        for _ in range(1 + twice):
            progress = Progress.FAILED if failed else Progress.DONE
            self._report(deliveries.PushAnswerTopic(), sent, status, progress)
        approved = status in ("approved", "verified") and not failed
        self.judged(sent, in_time and approved)
        if in_time and status == "not_asked":
            assert self.row(sent).alarm
            self.alarmed(before)
        elif in_time:
            assert self.row(sent).state != State.PENDING

    # --- The clock ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.sent)
    @rule(seconds=st.sampled_from(STEPS))
    def time_passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    @precondition(lambda self: self.sent)
    @rule(off=st.sampled_from([-0.001, 0, 0.001]))
    def the_edge_of_the_newest_life(self, off: float) -> None:
        edge = self.row(self.sent[-1]).expires_at + timedelta(seconds=off)
        self.at = max(self.at, edge)

    @precondition(lambda self: self.alarm_until is not None and self.alarm_until.year < 9999)
    @rule(off=st.sampled_from([-0.001, 0, 0.001]))
    def the_edge_of_the_alarm(self, off: float) -> None:
        assert self.alarm_until is not None
        self.at = max(self.at, self.alarm_until + timedelta(seconds=off))

    @precondition(lambda self: self.sent)
    @rule()
    def the_sweeper_comes_by(self) -> None:
        self.session.rollback()
        verification.expire_due(self.session, self.at)
        assert not [row for row in self.rows() if row.state == State.PENDING and row.expires_at <= self.at]

    # --- What holds ---------------------------------------------------------------------------------------------

    @invariant()
    def what_must_hold_holds(self) -> None:
        rows = self.rows()
        if not rows:
            return
        ids = [row.id for row in rows]
        told: dict[str, list[str]] = {each: [] for each in ids}
        for of, kind in self.read(
            select(HistoryEvent.verification, HistoryEvent.kind).where(HistoryEvent.verification.in_(ids))
        ):
            told[of].append(kind)
        wanted_notes = select(OutboxRow.subject).where(OutboxRow.channel == "psa_note", OutboxRow.subject.in_(ids))
        notes = Counter(subject for (subject,) in self.read(wanted_notes))
        self.nobody_is_verified_without_their_proof(rows)
        self.one_destination_has_one_live_secret(rows)
        for row in rows:
            self.an_end_is_an_end(row)
            self.the_history_tells_what_happened_once(row, told[row.id])
            self.the_ticket_is_told_once(row, notes[row.id])
        self.an_alarm_locks_until_its_time_or_an_admin()

    def nobody_is_verified_without_their_proof(self, rows: list[Verification]) -> None:
        assert {row.id for row in rows if row.state == State.VERIFIED} == self.proven

    def one_destination_has_one_live_secret(self, rows: list[Verification]) -> None:
        live = Counter(row.destination_key for row in rows if row.state == State.PENDING)
        assert all(count == 1 for count in live.values()), live

    def an_end_is_an_end(self, row: Verification) -> None:
        if row.state == State.PENDING:
            assert row.id not in self.ended and row.ended_at is None and row.green_until is None
            return
        said = (row.state, row.reason, row.ended_at, row.green_until, row.alarm, row.strength, row.wrong_guesses)
        assert self.ended.setdefault(row.id, said) == said
        assert row.ended_at is not None
        assert (row.green_until is not None) == (row.state == State.VERIFIED)

    def the_history_tells_what_happened_once(self, row: Verification, told: list[str]) -> None:
        kinds = Counter(told)
        ends = [kind for kind in told if kind in FINAL]
        assert kinds["requested"] == 1
        assert ends == ([row.state] if row.state != State.PENDING else []), (row.state, told)
        assert kinds["wrong code"] + kinds["wrong number"] == row.wrong_guesses
        # Whoever holds a dead link cannot fill the history.
        assert METHODS[row.method].proof not in (Proof.LINK, Proof.SIGN_IN) or kinds["late proof refused"] <= 4

    def the_ticket_is_told_once(self, row: Verification, notes: int) -> None:
        wanted = row.state in policies.terms(row.terms).note_outcomes or row.alarm
        told = bool(row.ticket) and wanted and row.state != State.PENDING and row.id not in self.replaced
        assert notes == int(told), (row.state, notes)

    def an_alarm_locks_until_its_time_or_an_admin(self) -> None:
        if self.alarm_until is not None:
            until = self.guards()[""].locked_until
            assert until is not None and until >= self.alarm_until


def faster(engine: Any) -> None:
    """This database need not outlive a power cut."""

    @event.listens_for(engine, "connect")
    def _hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_happens_in_whatever_order_the_rules_hold(app: Flask) -> None:
    faster(db.engine)
    seeds = Seeds(db.session())
    seeds.set(sends_per_hour=None, technician_sends_per_hour=None)
    # The rules read the tenant's values again and again, in and out of transactions.
    seeds.session.refresh(seeds.tenant)
    seeds.session.expunge_all()
    seeds.session.rollback()
    machine = type("Requests", (Requests,), {"seeds": seeds})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=500 if parts.LONG else 25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
