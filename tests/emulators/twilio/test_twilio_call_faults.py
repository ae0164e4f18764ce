"""What can go wrong with a call: lost answers, refusals, bent callbacks; and the controls that make it so."""

from __future__ import annotations

import time

import pytest
import requests
from requests.exceptions import ConnectionError, ReadTimeout
from twilio.base.exceptions import TwilioRestException
from twilio_rig import DANA, wait_for

from emulators.twilio import FROM_NUMBER
from emulators.twilio.conversation import APOLOGY

MARCUS = "+12025550118"


# The REST API


@pytest.mark.parametrize("fault", ["accept_then_drop_answer", "call_accept_then_drop_answer"])
def test_an_answer_can_be_lost_after_the_call_was_accepted(emulator, client, call, fault):
    emulator.faults(**{fault: 1})
    emulator.number(DANA, call_script="busy")
    with pytest.raises(ConnectionError):
        call()
    assert emulator.control("requests")[-1]["status"] is None
    wait_for(lambda: [each.status for each in client.calls.list(to=DANA)] == ["busy"])
    assert call().status == "queued"


def test_the_answers_of_calls_alone_can_be_lost(emulator, client, call):
    emulator.faults(call_accept_then_drop_answer=1)
    assert client.messages.create(to=DANA, from_=FROM_NUMBER, body="x").status == "queued"
    with pytest.raises(ConnectionError):
        call()


def test_a_client_that_gives_up_after_acceptance_has_called(emulator):
    emulator.faults(hang_after_accept_seconds=30)
    with pytest.raises(ReadTimeout):
        emulator.client(timeout=0.3).calls.create(to=DANA, from_=FROM_NUMBER, twiml="<Response/>")
    wait_for(lambda: emulator.calls()[0]["can_answer"])


def test_down_accepts_no_call(emulator, call):
    emulator.faults(down=True)
    with pytest.raises(ConnectionError):
        call()
    assert emulator.control("calls") == []


def test_slow_delays_every_answer(emulator, client):
    emulator.faults(slow_seconds=0.3)
    started = time.monotonic()
    client.calls.list()
    assert time.monotonic() - started > 0.3


def test_every_call_can_be_refused(emulator, client, call):
    emulator.faults(call_refuse_code=21215)
    with pytest.raises(TwilioRestException) as caught:
        call()
    assert caught.value.code == 21215
    assert client.messages.create(to=DANA, from_=FROM_NUMBER, body="x").status == "queued"


def test_every_call_can_be_met_by_the_same_script_unless_its_number_has_its_own(emulator, client, call):
    emulator.faults(call_script="busy")
    emulator.number(MARCUS, call_script="person")
    sid, other = call().sid, call(to=MARCUS).sid
    wait_for(lambda: client.calls(sid).fetch().status == "busy")
    wait_for(lambda: client.calls(other).fetch().status == "ringing")
    assert emulator.calls(MARCUS)[0]["can_answer"]


def test_the_time_in_the_queue_is_told(emulator, client, call):
    emulator.faults(queue_delay_seconds=0.3)
    emulator.number(DANA, call_script="busy")
    sid = call().sid
    wait_for(lambda: client.calls(sid).fetch().status == "busy")
    assert int(client.calls(sid).fetch().queue_time) >= 300


# Callbacks


def test_callbacks_can_be_switched_off(emulator, finished, voice):
    emulator.faults(callbacks="off")
    assert finished().status == "completed"
    time.sleep(0.1)
    assert voice.asked("/status") == []
    assert len(voice.asked("/voice")) == 1


def test_callbacks_can_come_twice_with_the_same_number_and_token(emulator, finished, voice):
    emulator.faults(callbacks="duplicated")
    finished()
    wait_for(lambda: len(voice.events()) == 8)
    assert [number for _, number in voice.events()] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len({each.headers["i-twilio-idempotency-token"] for each in voice.asked("/status")}) == 4


def test_callbacks_can_come_in_the_wrong_order_but_the_numbers_tell(emulator, finished, voice):
    emulator.faults(callbacks="reordered")
    finished()
    wait_for(lambda: len(voice.events()) == 4)
    assert voice.events() == [("ringing", 1), ("initiated", 0), ("completed", 3), ("in-progress", 2)]


@pytest.mark.parametrize("event", ["initiated", "ringing", "answered", "completed"])
def test_the_callback_of_one_event_can_be_lost_and_leaves_a_gap(emulator, finished, voice, event):
    emulator.faults(missing_call_event=event)
    finished()
    wait_for(lambda: len(voice.events()) == 3)
    time.sleep(0.05)
    missing = ["initiated", "ringing", "answered", "completed"].index(event)
    assert [number for _, number in voice.events()] == [number for number in range(4) if number != missing]


def test_callbacks_and_requests_can_carry_a_wrong_signature(emulator, finished, voice):
    emulator.faults(callbacks="bad_signature")
    voice.says("/voice", "Hello")
    assert finished().status == "completed"
    wait_for(lambda: len(voice.forged) == 5)
    assert voice.requests == []
    assert emulator.heard() == [APOLOGY]


def test_callbacks_can_come_late_and_hold_up_nothing(emulator, finished, voice):
    emulator.faults(callback_delay_seconds=0.5)
    started = time.monotonic()
    assert finished().status == "completed"
    assert len(voice.asked("/voice")) == 1
    wait_for(lambda: [number for _, number in voice.events()] == [0, 1, 2, 3])
    assert voice.asked("/status")[0].at - started > 0.5
    assert voice.asked("/voice")[0].at < voice.asked("/status")[0].at


# The controls


@pytest.mark.parametrize(
    "script",
    ["dance", "press", "press:", "press:x", "press:1:soon", "hang_up:-1", "machine:loud", "busy:1", "press:1:2:3"],
)
def test_a_wrong_script_is_refused_with_a_sentence_for_numbers_and_as_a_fault(emulator, script):
    for answer in (emulator.number(DANA, call_script=script), emulator.faults(call_script=script)):
        assert answer.status_code == 400
        assert "press:KEYS" in answer.json()["error"]
        assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "wanted",
    [{"call_refuse_code": 1}, {"missing_call_event": "sneezed"}, {"call_script": 3}, {"missing_call_event": 0}],
)
def test_a_wrong_fault_is_refused(emulator, wanted):
    assert emulator.faults(**wanted).status_code == 400


def test_the_scripts_of_a_number_for_texts_and_calls_stand_beside_each_other(emulator):
    emulator.number(DANA, script="silent")
    assert emulator.number(DANA, call_script="press:1:2.5").json() == {
        "number": DANA,
        "script": "silent",
        "call_script": "press:1:2.5",
    }
    emulator.number(DANA, call_script="")
    assert emulator.control("numbers") == {DANA: {"script": "silent"}}


def test_the_pace_can_be_changed_and_comes_back_with_a_reset(emulator):
    path = f"{emulator.origin}/_emulator/twilio/pace"
    first = requests.get(path, timeout=5).json()
    assert emulator.pace(word=0.5).json() == {**first, "word": 0.5}
    for wrong in ({"word": 0}, {"word": "slow"}, {"tempo": 1}, {"word": True}, {"word": 9, "second": -1}):
        assert emulator.pace(**wrong).status_code == 400
    assert requests.get(path, timeout=5).json()["word"] == 0.5
    requests.post(f"{emulator.origin}/_emulator/twilio/reset", timeout=5)
    assert requests.get(path, timeout=5).json() == first


def test_a_reset_cuts_every_line_and_tells_nobody(emulator, client, call, voice):
    voice.says("/voice", "Hello " * 2000)
    talking, ringing = call().sid, call(to=MARCUS).sid
    wait_for(lambda: emulator.calls()[0]["can_answer"] and emulator.calls(MARCUS)[0]["can_answer"])
    emulator.handle(talking, "answer")
    wait_for(lambda: len(voice.events()) == 5)
    requests.post(f"{emulator.origin}/_emulator/twilio/reset", timeout=5)
    assert emulator.control("calls") == []
    assert emulator.calls() == emulator.calls(MARCUS) == []
    time.sleep(0.2)
    assert len(voice.events()) == 5
    assert emulator.handle(ringing, "answer").status_code == 404
