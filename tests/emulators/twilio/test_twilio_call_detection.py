"""Who answered: what the detection of machines says, when, and to whom."""

from __future__ import annotations

import pytest
from twilio_rig import DANA, wait_for
from voice_rig import menu

from emulators.twilio import ACCOUNT_SID


@pytest.mark.parametrize(
    ("script", "asked", "verdict"),
    [
        ("press:1", "Enable", "human"),
        ("press:1", "DetectMessageEnd", "human"),
        ("machine", "Enable", "machine_start"),
        ("machine", "DetectMessageEnd", "machine_end_beep"),
        ("machine:silence", "DetectMessageEnd", "machine_end_silence"),
        ("machine:other", "DetectMessageEnd", "machine_end_other"),
        ("fax", "Enable", "fax"),
        ("silent", "Enable", "unknown"),
    ],
)
def test_the_detection_says_who_answered_in_the_first_request(emulator, finished, voice, script, asked, verdict):
    voice.answers("/voice", menu("/key", timeout=1))
    assert finished(script, machine_detection=asked).answered_by == verdict
    assert voice.asked("/voice")[0].fields["AnsweredBy"] == verdict
    assert all("AnsweredBy" not in each.fields for each in voice.asked("/key"))
    last = wait_for(lambda: [each for each in voice.asked("/status") if "CallDuration" in each.fields])[0]
    assert last.fields["AnsweredBy"] == verdict
    assert emulator.calls()[0]["answered_by"] == verdict


def test_without_detection_nobody_knows_who_answered(emulator, finished, voice):
    assert finished("machine").answered_by is None
    assert "AnsweredBy" not in voice.asked("/voice")[0].fields
    assert emulator.calls()[0]["picked_up_by"] == "machine"


def test_a_machine_is_talked_to_and_never_presses_a_key(emulator, finished, voice):
    voice.answers("/voice", menu("/key", timeout=2))
    assert finished("machine").status == "completed"
    assert voice.asked("/key") == []
    assert emulator.heard() == ["Press 1 to hear your code."]
    (greeting,) = emulator.heard("you")
    assert greeting.startswith("You have reached the voicemail of Dana Whitfield.")


def test_nobody_can_use_the_handset_while_a_machine_has_the_call(emulator, client, call, voice):
    emulator.number(DANA, call_script="machine")
    voice.answers("/voice", menu("/key", timeout=60))
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["wants_key"])
    for do in ("hang_up", "key", "answer"):
        assert emulator.handle(sid, do, key="1").status_code == 409
    client.calls(sid).update(status="completed")


def test_a_detection_that_takes_longer_than_its_time_out_is_unknown(finished, voice):
    finished("machine", machine_detection="DetectMessageEnd", machine_detection_timeout=3)
    assert voice.asked("/voice")[0].fields["AnsweredBy"] == "unknown"


def test_the_detection_holds_up_the_first_word_unless_it_works_in_the_background(finished, voice):
    def wait_between_answer_and_request():
        answered = wait_for(lambda: [a for a in voice.asked("/status") if a.fields["CallStatus"] == "in-progress"])
        return voice.asked("/voice")[-1].at - answered[-1].at

    finished("machine", machine_detection="DetectMessageEnd")
    # Five units; what was noted of the one before may have come a moment late.
    assert wait_between_answer_and_request() >= 4 * 0.05
    voice.says("/voice", "Hello " * 500)
    finished(
        "machine",
        machine_detection="DetectMessageEnd",
        async_amd="true",
        async_amd_status_callback=voice.url("/verdict"),
    )
    assert wait_between_answer_and_request() < 4 * 0.05
    assert "AnsweredBy" not in voice.asked("/voice")[-1].fields
    (verdict,) = voice.asked("/verdict")
    assert verdict.fields.keys() == {"CallSid", "AccountSid", "AnsweredBy", "MachineDetectionDuration"}
    assert (verdict.fields["AccountSid"], verdict.fields["AnsweredBy"]) == (ACCOUNT_SID, "machine_end_beep")
    assert verdict.fields["MachineDetectionDuration"] == "6000"
