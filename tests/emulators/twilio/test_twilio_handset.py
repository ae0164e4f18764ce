"""Calls as the handset has them: the JSON behind the phone page, what a person can do, and what survives a restart."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import requests
from twilio_rig import DANA, wait_for
from voice_rig import menu
from werkzeug.datastructures import MultiDict

from emulators.twilio import FROM_NUMBER, Pace, TwilioEmulator
from emulators.twilio.call_validation import new_call
from emulators.twilio.faults import Faults

MARCUS = "+12025550118"


def test_a_handset_lists_its_own_calls_newest_first(emulator, call):
    first, second = call().sid, call().sid
    call(to=MARCUS)
    assert [each["sid"] for each in emulator.calls()] == [second, first]
    assert len(emulator.calls(MARCUS)) == 1
    unescaped = requests.get(f"{emulator.origin}/phone/calls.json?to={DANA}", timeout=5).json()
    assert unescaped["number"] == DANA and len(unescaped["calls"]) == 2


def test_a_call_on_the_handset_has_the_agreed_shape(emulator, client, call, voice):
    voice.answers("/voice", menu("/key", timeout=60))
    voice.says("/key", "Your code is")
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    emulator.handle(sid, "answer")
    waiting = wait_for(lambda: next((each for each in emulator.calls() if each["wants_key"]), None))
    assert (waiting["sid"], waiting["from"], waiting["status"]) == (sid, FROM_NUMBER, "in-progress")
    assert (waiting["answered_by"], waiting["picked_up_by"], waiting["can_answer"]) == (None, "person", False)
    assert datetime.fromisoformat(waiting["started_at"]) <= datetime.fromisoformat(waiting["answered_at"])
    pressed = emulator.handle(sid, "key", key="1").json()
    assert pressed["transcript"][-1]["words"] == "Pressed 1"
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    (done,) = emulator.calls()
    assert [(line["who"], line["words"]) for line in done["transcript"]][-2:] == [
        ("you", "Pressed 1"),
        ("caller", "Your code is"),
    ]
    moments = [datetime.fromisoformat(line["at"]) for line in done["transcript"]]
    assert moments == sorted(moments) and all(moment.tzinfo for moment in moments)
    assert (done["wants_key"], done["seconds"]) == (False, 1)


def test_a_key_that_nobody_wants_is_noted_and_does_nothing(emulator, client, call, voice):
    voice.says("/voice", "Hello " * 500)
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    emulator.handle(sid, "answer")
    wait_for(emulator.heard)
    assert emulator.handle(sid, "key", key="5").json()["wants_key"] is False
    assert emulator.heard("you") == ["Pressed 5"]
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    assert sum(words.count("Hello") for words in emulator.heard()) == 500


def test_what_makes_no_sense_is_refused_with_a_sentence(emulator, client, call):
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    for do, values, status in (
        ("dance", {}, 400),
        ("key", {}, 400),
        ("key", {"key": "12"}, 400),
        ("key", {"key": 1}, 400),
        ("key", {"key": "1"}, 409),
        ("hang_up", {}, 409),
    ):
        answer = emulator.handle(sid, do, **values)
        assert answer.status_code == status, (do, values)
        assert answer.json()["error"].endswith(".")
    assert emulator.handle("CA" + "0" * 32, "answer").status_code == 404
    emulator.handle(sid, "answer")
    assert emulator.handle(sid, "answer").status_code == 409
    assert emulator.handle(sid, "decline").status_code == 409


def test_a_phone_that_a_script_leaves_ringing_cannot_be_answered(emulator, call):
    emulator.number(DANA, call_script="no_answer")
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["status"] == "ringing")
    assert emulator.calls()[0]["can_answer"] is False
    assert emulator.handle(sid, "answer").status_code == 409


def test_only_pages_of_this_machine_reach_the_handset(emulator, call):
    sid = call().sid
    path = f"{emulator.origin}/phone/calls"
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        assert requests.get(f"{path}.json", headers=headers, timeout=5).status_code == 403
        assert requests.post(f"{path}/{sid}", json={"do": "answer"}, headers=headers, timeout=5).status_code == 403
    assert requests.post(f"{path}/{sid}", data={"do": "answer"}, timeout=5).status_code == 415


def test_a_phone_that_rings_is_the_one_that_was_reached_last(emulator, client, call):
    client.messages.create(to=DANA, from_=FROM_NUMBER, body="Hello")
    wait_for(emulator.texts)
    call(to=MARCUS)
    wait_for(lambda: emulator.calls(MARCUS)[0]["can_answer"])
    state = requests.get(f"{emulator.origin}/phone/messages.json", params={"to": DANA}, timeout=5).json()
    last = {each["number"]: each["last"] for each in state["handsets"]}
    assert last[MARCUS] > last[DANA] > 0
    client.messages.create(to=DANA, from_=FROM_NUMBER, body="Hello")
    wait_for(lambda: len(emulator.texts()) == 2)
    assert emulator.texts()[-1]["id"] > last[MARCUS]


# Across a restart


def place(emulator: TwilioEmulator, twiml: str = "<Response><Say>Hello</Say></Response>") -> str:
    form = MultiDict({"To": DANA, "From": FROM_NUMBER, "Twiml": twiml, "StatusCallbackEvent": "ringing"})
    call = emulator.store.calls.add(new_call(form, Faults()))
    emulator.exchange.place(call)
    return call.sid


@pytest.fixture
def restarted(tmp_path: Path):
    """A first emulator, and what makes the second one from the state that the first one left."""

    def again() -> TwilioEmulator:
        first.store.save()
        first.exchange.clear()
        first.schedule.clear()
        return TwilioEmulator(tmp_path, Pace.brisk())

    first = TwilioEmulator(tmp_path, Pace.brisk())
    return first, again


def test_calls_and_their_words_survive_a_restart(restarted):
    first, again = restarted
    first.store.set_number(DANA, call_script="press:1")
    sid = place(first)
    wait_for(lambda: first.store.calls.get(sid).status == "completed")
    second = again()
    assert second.store.calls.get(sid) == first.store.calls.get(sid)
    assert second.store.calls.get(sid).transcript[0].words == "Hello"
    assert second.store.call_script(DANA) == "press:1"
    assert second.store.handsets()[0]["last"] == first.store.handsets()[0]["last"] == 1


def test_a_call_that_waited_or_rang_goes_on_after_a_restart(restarted):
    first, again = restarted
    first.faults.change({"queue_delay_seconds": 60})
    waiting = place(first)
    first.faults.clear()
    ringing = place(first)
    wait_for(lambda: first.store.calls.get(ringing).can_answer)
    second = again()
    wait_for(lambda: second.store.calls.get(waiting).can_answer)
    for sid in (waiting, ringing):
        second.exchange.answer(sid)
        wait_for(lambda sid=sid: second.store.calls.get(sid).status == "completed")
        assert second.store.calls.get(sid).transcript[0].words == "Hello"


def test_a_call_in_progress_is_cut_off_by_a_restart(restarted):
    first, again = restarted
    first.store.set_number(DANA, call_script="press:1")
    sid = place(first, "<Response><Pause length='600'/></Response>")
    wait_for(lambda: first.store.calls.get(sid).status == "in-progress")
    second = again()
    assert second.store.calls.get(sid).status == "completed"
    assert second.store.calls.get(sid).seconds >= 1


def test_a_state_from_before_there_were_calls_is_read(tmp_path: Path):
    old = '{"messages": [], "texts": [], "opted_out": [], "scripts": {}, "hooks": {}}'
    (tmp_path / "twilio.json").write_text(old, encoding="utf-8")
    assert TwilioEmulator(tmp_path, Pace.brisk()).store.calls.all() == []
