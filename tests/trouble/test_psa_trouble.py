"""The faults that the product survives, of every PSA: down, slow, 429, a lost answer, another contact, revoked keys."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from psa_world import PsaWorld
from trouble_rig import TroubledDesk

GREEN = "Verified"


def test_a_cold_pod_costs_at_most_three_calls_and_a_warm_or_pending_one_none(
    desk: TroubledDesk, world: PsaWorld
) -> None:
    page = desk.open()
    assert world.facts.contact_name in page
    assert world.calls() <= 3
    world.forget_calls()
    desk.open()
    desk.send_code(page)
    assert desk.poll() == 200
    desk.verify()
    assert world.calls() == 0


def test_a_pod_opens_from_what_is_kept_while_the_psa_is_down_and_the_note_is_posted_later(
    desk: TroubledDesk, world: PsaWorld
) -> None:
    desk.open()
    desk.age(minutes=10)
    world.down()
    page = desk.open()
    assert "Details are from 10 min ago" in page and world.facts.contact_name in page
    desk.send_code(page)
    assert GREEN in desk.verify()
    assert not desk.note_is_posted()
    world.reset()
    desk.wait_out()
    desk.post_notes(after=timedelta(minutes=10))
    assert desk.note_is_posted()
    assert len([note for note in world.notes() if "verified" in note.text.lower()]) == 1
    assert all(note.internal for note in world.notes() if "verified" in note.text.lower())


def test_a_pod_says_so_where_nothing_young_enough_is_kept(desk: TroubledDesk, world: PsaWorld) -> None:
    desk.open()
    desk.age(minutes=60 * 24 * 3)
    world.dropped()
    page = desk.open()
    assert "Retry" in page and world.facts.mobile not in page and "<h" not in page.split("Retry")[0]


@pytest.mark.parametrize("world", ["connectwise"], indirect=True)
def test_a_slow_psa_holds_a_thread_for_three_seconds_and_then_none(desk: TroubledDesk, world: PsaWorld) -> None:
    world.slow(30)
    begun = time.monotonic()
    assert "within 3 seconds" in desk.open()
    assert time.monotonic() - begun < 4
    world.down()
    for _ in range(4):
        desk.open()
    world.slow(30)
    begun = time.monotonic()
    assert "asked again in" in desk.open()
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("retry_after", [20, None])
def test_a_note_waits_while_the_psa_limits_us_and_people_are_still_served(
    desk: TroubledDesk, world: PsaWorld, retry_after: int | None
) -> None:
    page = desk.open()
    desk.send_code(page)
    desk.verify()
    world.limited(retry_after)
    assert not desk.note_is_posted()
    world.reset()
    world.forget_calls()
    assert not desk.note_is_posted()
    assert world.calls() == 0
    desk.age(minutes=10)
    assert "Details are from" not in desk.open()
    desk.wait_out()
    desk.post_notes(after=timedelta(minutes=10))
    assert desk.note_is_posted()
    assert len([note for note in world.notes() if "verified" in note.text.lower()]) == 1


def test_a_note_whose_answer_was_lost_is_posted_once(desk: TroubledDesk, world: PsaWorld) -> None:
    page = desk.open()
    desk.send_code(page)
    desk.verify()
    world.lose_answer()
    assert not desk.note_is_posted()
    assert len([note for note in world.notes() if "verified" in note.text.lower()]) == 1
    desk.post_notes(after=timedelta(minutes=10))
    assert desk.note_is_posted()
    assert len([note for note in world.notes() if "verified" in note.text.lower()]) == 1


def test_a_request_ends_where_the_psa_answers_with_somebody_else(desk: TroubledDesk, world: PsaWorld) -> None:
    page = desk.open()
    desk.send_code(page)
    world.merge_contact()
    desk.age(minutes=10)
    page = desk.open()
    assert "the contact is gone in the PSA" in page or "the ticket has another contact now" in page
    assert GREEN not in desk.verify()
    assert len(desk.events("cancelled")) == 1 and desk.events("verified") == []


def test_keys_that_are_revoked_are_told_once_and_not_tried_again(desk: TroubledDesk, world: PsaWorld) -> None:
    desk.open()
    world.revoke_keys()
    desk.age(minutes=60 * 24 * 3)
    for _ in range(3):
        assert "Send Code" not in desk.open()
    stored = desk.stored()
    assert stored.problem
    assert len(desk.events("PSA keys refused")) == 1
    world.forget_calls()
    for _ in range(3):
        desk.open()
    assert world.calls() == 0
