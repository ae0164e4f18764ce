"""Webhooks that fail while a call wants to know what to do, and the fallback."""

from __future__ import annotations

import socket

import pytest
from twilio.twiml.voice_response import VoiceResponse
from voice_rig import Page, menu

from emulators.twilio.conversation import APOLOGY


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page("<Response/>", content_type="application/json"), 12300),
        (Page("<Response/>", content_type=None), 12300),
        (Page("<Response/>", status=500), 11217),
        (Page("<Response/>", status=404), 11217),
        (Page("<Response/>", status=302), 11217),
        (Page("<Response><Say>Hello</Response>"), 12100),
        (Page("<Response><Dance/></Response>"), 12200),
        (Page("<Response>" + "<Pause/>" * 9000 + "</Response>"), 11750),
        (Page("<Response><Say>" + "x" * 4097 + "</Say></Response>"), 13521),
        (Page("<Response><Redirect>ftp://desk.example/</Redirect></Response>"), 11100),
    ],
)
def test_a_document_that_cannot_be_had_ends_the_call_or_leads_to_the_fallback(emulator, finished, voice, page, code):
    voice.pages["/voice"] = page
    assert finished().status == "completed"
    assert emulator.heard() == [APOLOGY]
    voice.says("/fallback", "Please call us back")
    assert finished(fallback_url=voice.url("/fallback"), machine_detection="Enable").status == "completed"
    assert emulator.heard() == ["Please call us back"]
    (asked,) = voice.asked("/fallback")
    assert (asked.fields["ErrorCode"], asked.fields["ErrorUrl"]) == (str(code), voice.url("/voice"))
    assert (asked.method, asked.fields["AnsweredBy"]) == ("POST", "human")
    assert asked.fields["CallSid"] == emulator.calls()[0]["sid"]
    if code != 11100:
        assert code in [each["error"] for each in emulator.control("callbacks")]


def test_a_web_server_that_is_away_is_tried_twice_and_then_the_fallback(emulator, finished, voice):
    voice.says("/fallback", "Please call us back")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{taken.getsockname()[1]}/voice"
        finished(url=away, fallback_url=voice.url("/fallback"), fallback_method="GET")
    (asked,) = voice.asked("/fallback")
    assert (asked.method, asked.fields["ErrorCode"], asked.fields["ErrorUrl"]) == ("GET", "11205", away)
    (entry,) = [each for each in emulator.control("callbacks") if each["url"] == away]
    assert (entry["attempts"], entry["answer"]) == (2, None)


def test_a_web_server_that_is_too_slow_is_given_up_and_not_asked_again(emulator, finished, voice):
    voice.says("/voice", "Too late", delay=0.8)
    voice.says("/fallback", "Please call us back")
    finished(url=voice.url("/voice#rt=200"), fallback_url=voice.url("/fallback"))
    assert emulator.heard() == ["Please call us back"]
    assert voice.asked("/fallback")[0].fields["ErrorCode"] == "11205"
    assert voice.asked("/fallback")[0].fields["ErrorUrl"] == voice.url("/voice")
    assert len(voice.asked("/voice")) == 1


def test_the_fragment_of_a_url_can_ask_for_more_tries(emulator, finished, voice):
    answers = iter([Page("", 503), Page("", 503), Page("<Response><Say>At last</Say></Response>")])
    voice.pages["/voice"] = lambda fields: next(answers)
    finished(url=voice.url("/voice#rc=2&rp=5xx,ct"))
    assert emulator.heard() == ["At last"]
    assert len({each.headers["i-twilio-idempotency-token"] for each in voice.asked("/voice")}) == 1


def test_a_later_document_that_fails_leads_to_the_fallback_too(emulator, finished, voice):
    voice.answers("/voice", menu("/key"))
    voice.pages["/key"] = Page("", 500)
    voice.says("/fallback", "Please call us back")
    finished(fallback_url=voice.url("/fallback"))
    (asked,) = voice.asked("/fallback")
    assert (asked.fields["ErrorUrl"], asked.fields["Digits"]) == (voice.url("/key"), "1")
    assert emulator.heard()[-1] == "Please call us back"


def test_a_fallback_that_fails_ends_the_call(emulator, finished, voice):
    voice.pages["/voice"] = voice.pages["/fallback"] = Page("", 500)
    assert finished(fallback_url=voice.url("/fallback")).status == "completed"
    assert emulator.heard() == [APOLOGY]
    assert len(voice.asked("/fallback")) == 1


def test_inline_twiml_that_is_wrong_leads_to_the_fallback(finished, voice):
    finished(url=None, twiml="<Response><Say>", fallback_url=voice.url("/fallback"))
    assert voice.asked("/fallback")[0].fields["ErrorCode"] == "12100"


def test_inline_twiml_has_no_document_that_a_relative_action_could_lead_from(emulator, finished):
    response = VoiceResponse()
    response.redirect("/next")
    finished(url=None, twiml=str(response))
    assert emulator.heard() == [APOLOGY]
