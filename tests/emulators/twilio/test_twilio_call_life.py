"""The ways a call can go, and what the status callback hears of each."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from twilio.request_validator import RequestValidator
from twilio_rig import DANA, wait_for
from voice_rig import menu

from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER
from emulators.twilio.calls import EVENTS

ALL_FOUR = [("initiated", 0), ("ringing", 1), ("in-progress", 2), ("completed", 3)]


def ended(client, sid):
    """The call once it has ended."""
    finals = ("completed", "busy", "no-answer", "failed", "canceled")
    return wait_for(lambda: next((c for c in [client.calls(sid).fetch()] if c.status in finals), None))


def test_a_call_waits_for_a_person_and_is_completed_when_the_document_ends(emulator, client, call, voice):
    voice.says("/voice", "Hello Dana")
    sid = call().sid
    ringing = wait_for(lambda: next((c for c in emulator.calls() if c["can_answer"]), None))
    assert (ringing["status"], ringing["from"], ringing["transcript"]) == ("ringing", FROM_NUMBER, [])
    assert voice.asked("/voice") == []
    assert emulator.handle(sid, "answer").json()["status"] == "in-progress"
    assert ended(client, sid).status == "completed"
    wait_for(lambda: voice.events() == ALL_FOUR)
    assert emulator.heard() == ["Hello Dana"]


def test_every_callback_is_signed_and_carries_the_documented_fields(emulator, call, voice):
    emulator.number(DANA, call_script="hang_up")
    sid = call().sid
    wait_for(lambda: len(voice.events()) == 4)
    assert voice.forged == []
    for each in voice.asked("/status"):
        fields = each.fields
        assert (fields["CallSid"], fields["AccountSid"], fields["ApiVersion"]) == (sid, ACCOUNT_SID, "2010-04-01")
        assert fields["From"] == fields["Caller"] == FROM_NUMBER
        assert fields["To"] == fields["Called"] == DANA
        assert (fields["Direction"], fields["CallbackSource"]) == ("outbound-api", "call-progress-events")
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", fields["Timestamp"])
        for party, part in itertools.product(("From", "To", "Caller", "Called"), ("City", "State", "Zip", "Country")):
            assert party + part in fields
        assert ("CallDuration" in fields) == (fields["CallStatus"] == "completed")
    last = voice.asked("/status")[-1].fields
    assert (last["CallDuration"], last["Duration"], last["SipResponseCode"]) == ("1", "1", "200")
    assert len({each.headers["i-twilio-idempotency-token"] for each in voice.asked("/status")}) == 4


@pytest.mark.parametrize(
    "asked", [list(each) for size in (1, 2, 3, 4) for each in itertools.combinations(EVENTS, size)], ids="-".join
)
def test_only_the_events_that_were_asked_for_are_told_and_numbered_from_0(emulator, client, call, voice, asked):
    emulator.number(DANA, call_script="hang_up")
    sid = call(status_callback_event=asked).sid
    statuses = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress", "completed": "completed"}
    wanted = [(statuses[event], number) for number, event in enumerate(asked)]
    wait_for(lambda: len(voice.events()) == len(wanted))
    ended(client, sid)
    time.sleep(0.05)
    assert voice.events() == wanted


def test_without_a_word_about_events_only_the_end_is_told(emulator, client, call, voice):
    emulator.number(DANA, call_script="hang_up")
    ended(client, call(status_callback_event=None).sid)
    wait_for(lambda: voice.events() == [("completed", 0)])


@pytest.mark.parametrize(
    ("script", "status", "sip", "told"),
    [
        ("busy", "busy", "486", ["initiated", "busy"]),
        ("failed", "failed", "404", ["initiated", "failed"]),
        ("no_answer", "no-answer", "487", ["initiated", "ringing", "no-answer"]),
    ],
)
def test_a_call_that_nobody_takes_ends_as_it_should(emulator, client, call, voice, script, status, sip, told):
    emulator.number(DANA, call_script=script)
    done = ended(client, call(timeout=1).sid)
    assert (done.status, done.duration, done.end_time) == (status, None, None)
    wait_for(lambda: voice.statuses() == told)
    last = voice.asked("/status")[-1].fields
    assert (last["CallDuration"], last["Duration"], last["SipResponseCode"]) == ("0", "0", sip)
    assert voice.asked("/voice") == []


def test_a_phone_rings_as_long_as_the_time_out_says_and_a_little_longer(emulator, client, call):
    started = time.monotonic()
    short = call(timeout=5).sid
    assert ended(client, short).status == "no-answer"
    assert 10 * 0.05 < time.monotonic() - started < 2
    assert emulator.handle(short, "answer").status_code == 409


def test_a_call_that_is_declined_is_busy(emulator, client, call, voice):
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    assert emulator.handle(sid, "decline").json()["status"] == "busy"
    wait_for(lambda: voice.statuses() == ["initiated", "ringing", "busy"])
    assert voice.asked("/status")[-1].fields["SipResponseCode"] == "603"


def test_whoever_hangs_up_ends_the_call_at_once_even_while_the_document_is_fetched(emulator, client, call, voice):
    voice.says("/voice", "Too late", delay=0.6)
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    emulator.handle(sid, "answer")
    wait_for(lambda: voice.asked("/voice"))
    started = time.monotonic()
    assert emulator.handle(sid, "hang_up").json()["status"] == "completed"
    wait_for(lambda: voice.statuses()[-1] == "completed")
    assert time.monotonic() - started < 0.5
    time.sleep(0.8)
    assert emulator.heard() == []


def test_a_script_can_hang_up_after_a_while(emulator, client, call, voice):
    emulator.number(DANA, call_script="hang_up:0.2")
    voice.says("/voice", "Hello " * 2000)
    assert ended(client, call().sid).status == "completed"
    assert 3 < len(emulator.heard()[0].split()) < 2000


def test_the_answer_to_create_waits_for_no_hook(emulator, client, call, voice):
    emulator.number(DANA, call_script="hang_up")
    voice.says("/status", "slow", delay=0.7)
    started = time.monotonic()
    sid = call().sid
    assert time.monotonic() - started < 0.5
    assert ended(client, sid).status == "completed"
    wait_for(lambda: voice.events() == ALL_FOUR)


def test_a_callback_can_be_a_signed_get(emulator, call, voice):
    emulator.number(DANA, call_script="busy")
    sid = call(status_callback=voice.url("/status?tenant=7"), status_callback_method="GET").sid
    wait_for(lambda: voice.statuses() == ["initiated", "busy"])
    assert {each.method for each in voice.asked("/status")} == {"GET"}
    assert voice.asked("/status")[0].fields["tenant"] == "7"
    assert voice.asked("/status")[0].fields["CallSid"] == sid


def test_two_calls_at_once_do_not_mix(emulator, client, call, voice):
    emulator.number("+12025550118", call_script="press:1")
    emulator.number("+12025550119", call_script="press:2")
    voice.answers("/voice", menu("/key"))
    voice.pages["/key"] = lambda fields: voice.pages[f"/said{fields['Digits']}"]
    voice.says("/said1", "You pressed one")
    voice.says("/said2", "You pressed two")
    first, second = call(to="+12025550118").sid, call(to="+12025550119").sid
    ended(client, first)
    ended(client, second)
    assert emulator.heard(number="+12025550118")[-1] == "You pressed one"
    assert emulator.heard(number="+12025550119")[-1] == "You pressed two"
    assert {each.fields["CallSid"] for each in voice.asked("/status")} == {first, second}


def test_the_request_for_twiml_is_signed_and_carries_the_fields_of_a_voice_request(emulator, client, call, voice):
    emulator.number(DANA, call_script="press:1")
    sid = call(url=voice.url("/voice?caf%C3%A9=%2Fx")).sid
    ended(client, sid)
    (asked,) = voice.asked("/voice")
    assert voice.forged == []
    assert asked.method == "POST"
    for name, value in {
        "CallSid": sid,
        "AccountSid": ACCOUNT_SID,
        "From": FROM_NUMBER,
        "To": DANA,
        "CallStatus": "in-progress",
        "Direction": "outbound-api",
        "ApiVersion": "2010-04-01",
        "café": "/x",
    }.items():
        assert asked.fields[name] == value
    assert "AnsweredBy" not in asked.fields


def test_the_request_for_twiml_can_be_a_signed_get(emulator, client, call, voice):
    emulator.number(DANA, call_script="press:1")
    voice.says("/voice", "Hello")
    ended(client, call(method="GET").sid)
    assert voice.asked("/voice")[0].method == "GET"
    assert emulator.heard() == ["Hello"]


def test_a_url_beats_twiml_and_twiml_alone_needs_no_web_server(emulator, client, call, voice):
    emulator.number(DANA, call_script="press:1")
    voice.says("/voice", "From the URL")
    inline = "<Response><Say>From the request</Say></Response>"
    ended(client, call(twiml=inline).sid)
    assert emulator.heard() == ["From the URL"]
    ended(client, call(twiml=inline, url=None, status_callback=None).sid)
    assert emulator.heard() == ["From the request"]


def test_the_validator_of_the_official_package_refuses_a_wrong_signature(voice):
    """The rig itself: a test that accepts every signature would prove nothing."""
    assert not RequestValidator(AUTH_TOKEN).validate(voice.url("/status"), {"CallSid": "CA1"}, "bm90IGEgc2lnbmF0dXJl")
