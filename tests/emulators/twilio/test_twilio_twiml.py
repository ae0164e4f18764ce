"""TwiML built with Twilio's own package, carried out on a call: words, keys, redirects, mistakes."""

from __future__ import annotations

import pytest
from twilio.twiml.voice_response import Gather, Say, VoiceResponse
from twilio_rig import DANA, wait_for
from voice_rig import Page, menu

from emulators.twilio.twiml import TwimlError, parse

POLLY = {"voice": "Polly.Joanna-Neural", "language": "en-US"}


@pytest.fixture
def talk(emulator, client, call, voice):
    """Has a call to Dana end, with what `script` says at the other end; returns what the caller said."""

    def to_the_end(script="press:1", **values):
        emulator.number(DANA, call_script=script)
        sid = call(**values).sid
        wait_for(lambda: client.calls(sid).fetch().status == "completed")
        return emulator.heard()

    return to_the_end


def code_twice(code="870412"):
    """The document of the fact sheet: a code digit by digit, twice."""
    response = VoiceResponse()
    for _ in range(2):
        say = Say(**POLLY)
        say.prosody("Your code is", rate="slow")
        for digit in code:
            say.say_as(digit, interpret_as="digits")
            say.break_(time="600ms")
        response.append(say)
        response.pause(length=2)
    return response


def test_a_code_is_heard_digit_by_digit_after_the_key_was_pressed(emulator, voice, talk):
    voice.answers("/voice", menu("/key?step=1"))
    voice.answers("/key", code_twice())
    assert talk("press:1:0.2") == ["Press 1 to hear your code."] + ["Your code is 8 7 0 4 1 2"] * 2
    (key,) = voice.asked("/key")
    assert (key.fields["Digits"], key.fields["FinishedOnKey"], key.fields["step"]) == ("1", "", "1")
    assert (key.fields["CallStatus"], key.fields["To"]) == ("in-progress", DANA)
    assert emulator.heard("you") == ["Pressed 1"]


@pytest.mark.parametrize(
    ("build", "heard"),
    [
        (lambda say: say.say_as("870412", interpret_as="digits"), "8 7 0 4 1 2"),
        (lambda say: say.say_as("A1 b", interpret_as="characters"), "A 1 b"),
        (lambda say: say.say_as("870412", interpret_as="cardinal"), "870412"),
        (lambda say: say.prosody("slowly   now", rate="slow"), "slowly now"),
        (lambda say: say.emphasis("really", level="strong"), "really"),
        (lambda say: say.sub("W3C", alias="World Wide Web Consortium"), "World Wide Web Consortium"),
    ],
)
def test_ssml_is_obeyed_by_voices_that_know_it(voice, talk, build, heard):
    response, say = VoiceResponse(), Say(**POLLY)
    build(say)
    response.append(say)
    voice.answers("/voice", response)
    assert talk() == [heard]


def test_the_plain_voices_read_the_text_as_it_stands(voice, talk):
    response, say = VoiceResponse(), Say(voice="man")
    say.say_as("870412", interpret_as="digits")
    response.append(say)
    response.say("8. 7. 0.")
    voice.answers("/voice", response)
    assert talk() == ["870412", "8. 7. 0."]


def test_special_characters_arrive_as_they_were_meant(voice, talk):
    voice.says("/voice", "Smith & Sons <help desk> caf\u00e9")
    assert talk() == ["Smith & Sons <help desk> caf\u00e9"]


def test_loop_repeats_and_play_is_noted(voice, talk):
    response = VoiceResponse()
    response.say("Again", loop=3)
    response.play("https://sound.example/hold.mp3")
    response.play("", digits="ww12")
    voice.answers("/voice", response)
    assert talk() == ["Again", "Again", "Again", "(plays https://sound.example/hold.mp3)", "(tones ww12)"]


def test_words_that_never_end_end_with_the_call(emulator, client, call, voice):
    emulator.number(DANA, call_script="hang_up:0.2")
    response = VoiceResponse()
    response.say("Music", loop=0)
    voice.answers("/voice", response)
    sid = call().sid
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    assert len(emulator.heard()) > 3


def test_pauses_and_breaks_take_their_time(emulator, client, call, voice):
    emulator.number(DANA, call_script="press:1")
    response, say = VoiceResponse(), Say(**POLLY)
    say.break_(time="2s")
    say.prosody("Hello")
    say.break_(strength="none")
    response.append(say)
    response.pause(length=4)
    voice.answers("/voice", response)
    call()
    asked = wait_for(lambda: voice.asked("/voice"))[0]
    done = wait_for(lambda: [each for each in voice.asked("/status") if each.fields["CallStatus"] == "completed"])[0]
    assert 6 * 0.05 <= done.at - asked.at < 2


def test_a_key_cuts_the_words_short(emulator, client, call, voice):
    emulator.pace(word=0.05)
    voice.answers("/voice", menu("/key", "one two three four five six seven eight nine ten " * 20))
    voice.says("/key", "Thank you")
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    emulator.handle(sid, "answer")
    wait_for(lambda: emulator.calls()[0]["wants_key"] and emulator.heard())
    assert emulator.handle(sid, "key", key="1").status_code == 200
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    first, last = emulator.heard()
    assert len(first.split()) < 60
    assert last == "Thank you"


def test_with_barge_in_off_a_key_is_taken_only_after_the_words(emulator, client, call, voice):
    emulator.pace(word=0.02)
    voice.answers("/voice", menu("/key", "one two three four five", barge_in=False))
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    emulator.handle(sid, "answer")
    wait_for(emulator.heard)
    assert emulator.handle(sid, "key", key="7").json()["wants_key"] is False
    wait_for(lambda: emulator.calls()[0]["wants_key"])
    emulator.handle(sid, "key", key="1")
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    assert "".join(emulator.heard()).count("five") == 1
    assert [each.fields["Digits"] for each in voice.asked("/key")] == ["1"]


@pytest.mark.parametrize(
    ("values", "script", "digits", "finished_on"),
    [
        ({"num_digits": 4}, "press:1234", "1234", ""),
        ({"num_digits": None, "timeout": 4}, "press:12", "12", ""),
        ({"num_digits": None}, "press:12#", "12", "#"),
        ({"num_digits": 6, "finish_on_key": "*"}, "press:1#*", "1#", "*"),
        ({"num_digits": None, "finish_on_key": "", "timeout": 4}, "press:1#", "1#", ""),
    ],
)
def test_keys_are_collected_as_the_gather_says(voice, talk, values, script, digits, finished_on):
    voice.answers("/voice", menu("/key", **values))
    talk(script)
    (key,) = voice.asked("/key")
    assert (key.fields["Digits"], key.fields["FinishedOnKey"]) == (digits, finished_on)


def test_without_a_key_the_document_goes_on(voice, talk):
    response = VoiceResponse()
    response.append(Gather(num_digits=1, timeout=1, action="/key"))
    response.say("No key came")
    voice.answers("/voice", response)
    assert talk("silent") == ["No key came"]
    assert voice.asked("/key") == []


def test_without_a_key_the_action_is_asked_all_the_same_where_that_is_wanted(voice, talk):
    voice.answers("/voice", menu("/key", timeout=1, action_on_empty_result=True))
    voice.says("/key", "Goodbye")
    assert talk("silent")[-1] == "Goodbye"
    assert voice.asked("/key")[0].fields["Digits"] == ""


def test_a_key_that_comes_too_late_is_not_taken(emulator, voice, talk):
    response = VoiceResponse()
    response.append(Gather(num_digits=1, timeout=2, action="/key"))
    response.say("Too slow " * 200)
    voice.answers("/voice", response)
    talk("press:1:0.4")
    assert emulator.heard("you") == ["Pressed 1"]
    assert voice.asked("/key") == []


def test_a_script_presses_one_key_after_the_other_each_time_it_is_asked(voice, talk):
    voice.answers("/voice", menu("/first"))
    voice.answers("/first", menu("/second", "And again"))
    voice.says("/second", "Done")
    assert talk("press:19")[-1] == "Done"
    assert voice.asked("/first")[0].fields["Digits"] == "1"
    assert voice.asked("/second")[0].fields["Digits"] == "9"


def test_a_gather_without_an_action_asks_its_own_document_again(voice, talk):
    again = VoiceResponse()
    again.append(Gather(num_digits=1, timeout=8))
    done = VoiceResponse()
    done.say("Done")
    voice.pages["/voice"] = lambda fields: Page(str(done if "Digits" in fields else again))
    assert talk() == ["Done"]


def test_a_redirect_leads_to_another_document_by_relative_url_and_method(voice, talk):
    response = VoiceResponse()
    response.redirect("next?from=voice", method="GET")
    response.say("Never heard")
    voice.answers("/deep/voice", response)
    voice.says("/deep/next", "Here we are")
    assert talk(url=voice.url("/deep/voice")) == ["Here we are"]
    (asked,) = voice.asked("/deep/next")
    assert (asked.method, asked.fields["from"]) == ("GET", "voice")


@pytest.mark.parametrize("verb", ["hangup", "reject"])
def test_hangup_and_reject_end_the_call(voice, talk, verb):
    response = VoiceResponse()
    response.say("Before")
    getattr(response, verb)()
    response.say("After")
    voice.answers("/voice", response)
    assert talk() == ["Before"]


def test_an_extension_is_dialled_and_switches_the_detection_off(voice, talk):
    voice.says("/voice", "Hello")
    assert talk(send_digits="ww1234#", machine_detection="Enable") == ["(tones ww1234#)", "Hello"]
    assert "AnsweredBy" not in voice.asked("/voice")[0].fields


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", 12100),
        ("Hello", 12100),
        ("<Response><Say>Hello</Response>", 12100),
        ("\n<?xml version='1.0'?><Response/>", 12100),
        ("<Say>Hello</Say>", 12100),
        ("<!DOCTYPE Response [<!ENTITY a 'b'>]><Response><Say>&a;</Say></Response>", 12100),
        ("<Response><Dance/></Response>", 12200),
        ("<Response><say>Hello</say></Response>", 12200),
        ("<Response><Say tempo='3'>Hello</Say></Response>", 12200),
        ("<Response><Say loop='often'>Hello</Say></Response>", 12200),
        ("<Response><Say><b>Hello</b></Say></Response>", 12200),
        ("<Response><Say voice='Polly.Joanna'><break time='long'/></Say></Response>", 12200),
        ("<Response><Say voice='Polly.Joanna'><break strength='long'/></Say></Response>", 12200),
        ("<Response><Pause length='-1'/></Response>", 12200),
        ("<Response><Play/></Response>", 12200),
        ("<Response><Gather numDigits='0'/></Response>", 12200),
        ("<Response><Gather finishOnKey='x'/></Response>", 12200),
        ("<Response><Gather method='PUT'/></Response>", 12200),
        ("<Response><Gather><Hangup/></Gather></Response>", 12200),
        ("<Response><Gather><break/></Gather></Response>", 12200),
        ("<Response><Redirect method='PUT'>/x</Redirect></Response>", 12200),
        ("<Response><Reject reason='tired'/></Response>", 12200),
        ("<Response><Say>" + "x" * 4097 + "</Say></Response>", 13521),
        ("<Response><Say voice='Polly.Joanna'>" + "x" * 3001 + "</Say></Response>", 13521),
        ("<Response><Say voice='Google.en-US-Wavenet-A'>" + "<p>xx</p>" * 600 + "</Say></Response>", 13521),
    ],
)
def test_a_document_that_twilio_would_not_carry_out_is_refused_with_its_code(document, code):
    with pytest.raises(TwimlError) as caught:
        parse(document)
    assert caught.value.code == code
    with pytest.raises(TwimlError):
        parse(document.encode())


def test_the_longest_words_that_are_allowed_pass():
    for voice, text in (("man", "x" * 4096), ("Polly.Joanna", "x" * 3000), ("Polly.Joanna", "<p>xx</p>" * 600)):
        assert len(parse(f"<Response><Say voice='{voice}'>{text}</Say></Response>")) == 1


def test_comments_and_declared_encodings_are_read():
    declared = "<?xml version='1.0' encoding='ISO-8859-1'?><Response><!-- here --><Say>caf\u00e9</Say></Response>"
    (say,) = parse(declared.encode("latin-1"))
    assert [each.word for each in say.words] == ["caf\u00e9"]
