"""Pushes through Duo, from the start of a verification to what the user pressed, against the stand-in over TLS."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from provider_rig import Providers, hand_over, kinds, stored
from seeds import Seeds
from sqlalchemy import select

from podserver.database import db, writing
from podserver.delivery import duo_accounts
from podserver.delivery.credentials import DuoPerson
from podserver.delivery.models import OutboxRow
from podserver.tenancy import bind_tenant
from podserver.tools import DUO, tools_of
from podserver.verification import service as verification
from podserver.verification.destinations import account_target
from podserver.verification.ending import Result
from podserver.verification.models import Delivery, State

KEYS = {
    "auth": ("DIEMULATOR0000000002", "demo-auth-api-secret00000000000000000002"),
    "admin": ("DIEMULATOR0000000003", "demo-admin-api-skey-00000000000000000003"),
    "web": ("DIEMULATOR0000000001", "demo-web-sdk-secret-00000000000000000001"),
}


class Desk:
    """A technician with Duo set up, and the phones of everybody."""

    def __init__(self, app: Flask, providers: Providers) -> None:
        self.app, self.providers = app, providers
        self.seeds = Seeds(db.session(), at=datetime.now(UTC))

    def set_up(self, *kinds_of_keys: str) -> None:
        with writing(self.seeds.session) as session:
            bind_tenant(session, self.seeds.tenant.id)
            for kind in kinds_of_keys:
                key, secret = KEYS[kind]
                typed = duo_accounts.TypedKeys(self.providers.tls_host, key, secret)
                duo_accounts.save(session, kind, typed, checked=False, actor="tests", at=self.seeds.at)

    def push(self, email: str = "dana@larkfield.example", contact: str = "77") -> Result:
        target = account_target(
            kind="duo",
            hash_key=self.seeds.tenant.hash_key,
            integration_id=self.seeds.integration.id,
            contact=contact,
            address=email,
        )
        return self.seeds.start(method="duo_push", target=target, at=datetime.now(UTC))

    def until(self, result: Result, *states: State) -> Any:
        hand_over(self.app, self.seeds.session, until=lambda: stored(self.seeds, result).state in states)
        return stored(self.seeds, result)

    def until_pushed(self, result: Result) -> dict[str, Any]:
        hand_over(self.app, self.seeds.session, until=self.pushes)
        hand_over(self.app, self.seeds.session, until=lambda: stored(self.seeds, result).delivery == Delivery.SENT)
        return dict(self.pushes()[0])

    def pushes(self) -> list[dict[str, Any]]:
        return list(self.providers.get("/_emulator/duo/transactions")["transactions"])

    def press(self, push: dict[str, Any], answer: str, **also: str) -> None:
        self.providers.post(f"/_emulator/duo/pushes/{push['txid']}", answer=answer, **also)

    def user(self, who: str, **said: Any) -> None:
        self.providers.post(f"/_emulator/duo/users/{who}", **said)

    def faults(self, **said: Any) -> None:
        self.providers.post("/_emulator/duo/faults", **said)


@pytest.fixture
def desk(app: Flask, providers: Providers) -> Desk:
    desk = Desk(app, providers)
    desk.set_up("auth", "admin")
    return desk


def test_an_approved_push_verifies_and_says_what_it_is_worth(desk: Desk) -> None:
    result = desk.push()
    push = desk.until_pushed(result)
    assert push["pushinfo"][0] == ["Help desk", "Northgate IT"]
    assert ["Ticket", "#48213 Cannot sign in to webmail"] in push["pushinfo"]
    assert ["Technician", "Sam Okafor"] in push["pushinfo"]
    desk.press(push, "approve")
    row = desk.until(result, State.VERIFIED)
    assert row.strength == "D" and "no secret" in row.worth
    assert kinds(desk.seeds, result) == ["requested", "verified"]
    assert len(desk.pushes()) == 1


@pytest.mark.parametrize(
    ("answer", "state", "reason", "alarm"),
    [
        ("deny", State.DENIED, "the user pressed Deny in Duo Mobile", False),
        ("fraud", State.DENIED, "the contact did not ask for this", True),
    ],
)
def test_a_denied_push_and_a_reported_one_are_told_apart(
    desk: Desk, answer: str, state: State, reason: str, alarm: bool
) -> None:
    result = desk.push()
    desk.press(desk.until_pushed(result), answer)
    row = desk.until(result, State.DENIED, State.VERIFIED)
    assert (row.state, row.reason, row.alarm) == (state, reason, alarm)
    again = desk.push()
    assert bool(again.refused) == alarm
    if alarm:
        assert "did not ask for this" in again.refused


def test_a_push_that_nobody_answers_ends_and_says_so(desk: Desk) -> None:
    desk.faults(push_life_seconds=1)
    result = desk.push()
    row = desk.until(result, State.EXPIRED, State.FAILED)
    assert row.state == State.EXPIRED
    assert row.reason.startswith("no answer in Duo Mobile")


TROUBLE = [
    ("marcus@larkfield.example", "no device enrolled"),
    ("theo@larkfield.example", "disabled in Duo"),
    ("amara@harborlegal.example", "no phone with Duo Mobile"),
    ("felix@harborlegal.example", "several users with this e-mail"),
    ("mateo@ferrer.example", "without asking, which proves nothing"),
    ("carla@ferrer.example", "locked out in Duo"),
    ("ingrid@larkfield.example", "Duo knows nobody"),
]


def test_each_trouble_has_its_own_sentence_and_no_phone_rings(desk: Desk) -> None:
    for number, (email, words) in enumerate(TROUBLE):
        result = desk.push(email, contact=str(100 + number))
        row = desk.until(result, State.FAILED, State.VERIFIED)
        assert row.state == State.FAILED, email
        assert words in row.reason, (email, row.reason)
    assert desk.pushes() == []


def test_somebody_who_is_known_by_an_alias_only_is_found(desk: Desk) -> None:
    result = desk.push("lucia@ferrer.example")
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED).state == State.VERIFIED


def test_who_was_found_is_asked_by_id_the_next_time_even_where_the_name_is_another(desk: Desk) -> None:
    first = desk.push()
    desk.press(desk.until_pushed(first), "approve")
    desk.until(first, State.VERIFIED)
    bind_tenant(desk.seeds.session, desk.seeds.tenant.id)
    person = desk.seeds.session.scalars(select(DuoPerson)).one()
    assert (person.user_id, person.username, person.found_by) == ("DU000000000000000077", "dana.w", "e-mail")
    desk.seeds.session.rollback()
    desk.faults(simple_usernames=True)
    second = desk.push()
    hand_over(desk.app, desk.seeds.session, until=lambda: len(desk.pushes()) == 2)
    assert {push["user_id"] for push in desk.pushes()} == {"DU000000000000000077"}
    assert stored(desk.seeds, second).state == State.PENDING


def test_a_changed_address_is_looked_for_anew(desk: Desk) -> None:
    first = desk.push()
    desk.press(desk.until_pushed(first), "approve")
    desk.until(first, State.VERIFIED)
    second = desk.push("ingrid@larkfield.example")
    row = desk.until(second, State.FAILED, State.VERIFIED)
    assert "Duo knows nobody" in row.reason


def test_without_the_admin_api_the_address_is_the_name(app: Flask, providers: Providers) -> None:
    desk = Desk(app, providers)
    desk.set_up("auth")
    result = desk.push()
    desk.press(desk.until_pushed(result), "approve")
    assert desk.until(result, State.VERIFIED).state == State.VERIFIED


def test_a_code_that_duo_wants_typed_is_shown_and_makes_the_proof_strong(desk: Desk) -> None:
    result = desk.push("wei@harborlegal.example")
    push = desk.until_pushed(result)
    code = stored(desk.seeds, result).read_out
    assert code and push["needs_code"]
    desk.press(push, "approve", code=code)
    row = desk.until(result, State.VERIFIED)
    assert row.strength == "B" and row.read_out is None


def test_an_approval_after_the_end_changes_nothing_and_is_recorded(desk: Desk) -> None:
    result = desk.push()
    push = desk.until_pushed(result)
    assert result.verification is not None
    with writing(desk.seeds.session) as session:
        bind_tenant(session, desk.seeds.tenant.id)
        verification.cancel(
            session,
            asker=desk.seeds.asker,
            verification_id=result.verification.id,
            integration_id=desk.seeds.integration.id,
            contact="77",
            at=datetime.now(UTC),
        )
    desk.press(push, "approve")
    hand_over(desk.app, desk.seeds.session, until=lambda: "late proof refused" in kinds(desk.seeds, result))
    assert stored(desk.seeds, result).state == State.CANCELLED


def test_duo_that_cannot_be_reached_is_tried_again_and_one_phone_rings_once(desk: Desk) -> None:
    desk.faults(down=1)
    result = desk.push()
    assert desk.until_pushed(result)
    assert len(desk.pushes()) == 1


def test_a_request_to_slow_down_does_not_hold_a_worker(desk: Desk) -> None:
    desk.faults(rate_limit=1)
    result = desk.push()
    begun = time.monotonic()
    hand_over(desk.app, desk.seeds.session, until=lambda: _row(desk, result).attempts == 1 and _row(desk, result).error)
    assert "slow down" in _row(desk, result).error
    # The package would have slept for a second and more before it asked again by itself.
    assert time.monotonic() - begun < 1


def test_wrong_keys_end_the_request_and_name_the_admin(desk: Desk) -> None:
    with writing(desk.seeds.session) as session:
        bind_tenant(session, desk.seeds.tenant.id)
        typed = duo_accounts.TypedKeys(desk.providers.tls_host, KEYS["auth"][0], "x" * 40)
        duo_accounts.save(session, "auth", typed, checked=False, actor="tests", at=desk.seeds.at)
    result = desk.push()
    row = desk.until(result, State.FAILED)
    assert "an admin has to renew the keys" in row.reason


def test_a_server_that_is_not_trusted_is_told_nothing(app: Flask, providers: Providers) -> None:
    from podserver.delivery.duo import DuoChannel

    desk = Desk(app, providers)
    desk.set_up("auth", "admin")
    app.extensions["exchange"].channels["duo"] = DuoChannel(None, timedelta(seconds=25))
    result = desk.push()
    hand_over(desk.app, desk.seeds.session, until=lambda: _row(desk, result).attempts >= 1)
    assert "cannot be reached" in _row(desk, result).error
    assert providers.get("/_emulator/duo/requests")["requests"] == []


def _row(desk: Desk, result: Result) -> OutboxRow:
    assert result.verification is not None
    bind_tenant(desk.seeds.session, desk.seeds.tenant.id)
    row = desk.seeds.session.scalars(
        select(OutboxRow)
        .where(OutboxRow.subject == result.verification.id, OutboxRow.channel == "duo")
        .execution_options(populate_existing=True)
    ).one()
    desk.seeds.session.rollback()
    return row


@pytest.mark.parametrize("kind", ["auth", "admin", "web"])
def test_validate_tells_right_keys_from_wrong_ones_and_from_silence(desk: Desk, kind: str) -> None:
    key, secret = KEYS[kind]
    right = duo_accounts.TypedKeys(desk.providers.tls_host, key, secret)
    assert duo_accounts.check(kind, right, desk.providers.authority).accepted is True
    wrong = duo_accounts.TypedKeys(desk.providers.tls_host, key, "y" * 40)
    assert duo_accounts.check(kind, wrong, desk.providers.authority).accepted is False
    assert duo_accounts.check(kind, right, None).accepted is None
    other = KEYS["admin" if kind == "auth" else "auth"]
    mixed = duo_accounts.TypedKeys(desk.providers.tls_host, *other)
    assert duo_accounts.check(kind, mixed, desk.providers.authority).accepted is False


def test_the_pod_knows_whether_duo_is_set_up(desk: Desk) -> None:
    session = desk.seeds.session
    bind_tenant(session, desk.seeds.tenant.id)
    assert DUO in tools_of(desk.seeds.tenant)
    with writing(session):
        duo_accounts.remove(session, "auth", actor="tests", at=desk.seeds.at)
    session.refresh(desk.seeds.tenant)
    assert DUO not in tools_of(desk.seeds.tenant)
