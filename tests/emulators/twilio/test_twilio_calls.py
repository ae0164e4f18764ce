"""Calls over the wire, driven by Twilio's own package: shapes, refusals, lists and changes."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio_rig import DANA, Emulator, wait_for

from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER

CALLS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
MARCUS = "+12025550118"


def refused(act, code, status=400):
    with pytest.raises(TwilioRestException) as caught:
        act()
    assert (caught.value.code, caught.value.status) == (code, status)


def post(emulator: Emulator, **form: str) -> requests.Response:
    wanted = {"To": DANA, "From": FROM_NUMBER, "Twiml": "<Response/>", **form}
    return requests.post(emulator.origin + CALLS, data=wanted, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)


def test_a_new_call_is_queued_and_has_the_documented_shape(emulator):
    answer = post(emulator)
    call = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch(r"CA[0-9a-f]{32}", call["sid"])
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", call["date_created"])
    assert (call["status"], call["direction"], call["queue_time"]) == ("queued", "outbound-api", "0")
    assert (call["to"], call["to_formatted"], call["from"]) == (DANA, "(202) 555-0142", FROM_NUMBER)
    for absent in ("answered_by", "duration", "start_time", "end_time", "price", "parent_call_sid"):
        assert call[absent] is None
    assert call["uri"] == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Calls/{call['sid']}.json"
    assert call["subresource_uris"]["recordings"].endswith(f"/Calls/{call['sid']}/Recordings.json")


def test_a_completed_call_knows_its_times_and_its_length(emulator, client, call):
    emulator.number(DANA, call_script="press:1")
    sid = call().sid
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    done = client.calls(sid).fetch()
    assert done.start_time <= done.end_time
    assert done.duration == "1"
    assert int(done.queue_time) > 0


def test_the_list_is_paged_newest_first_and_filtered(emulator, client, call):
    emulator.number(DANA, call_script="busy")
    first, second, other = call().sid, call().sid, call(to=MARCUS).sid
    wait_for(lambda: {each.status for each in client.calls.list(to=DANA)} == {"busy"})
    assert [each.sid for each in client.calls.list(page_size=1)] == [other, second, first]
    assert [each.sid for each in client.calls.list(to=MARCUS)] == [other]
    assert [each.sid for each in client.calls.list(status="busy")] == [second, first]
    assert len(client.calls.list(from_=FROM_NUMBER)) == 3
    assert client.calls.list(from_=MARCUS) == []
    page = client.calls.page(page_size=2)
    assert page.next_page_url.startswith(client.api.base_url)
    assert page.next_page().next_page_url is None


def test_the_list_can_be_filtered_by_the_time_of_the_start_and_finds_what_is_still_queued(emulator, client, call):
    emulator.faults(queue_delay_seconds=60)
    call()
    ago, ahead = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-5, 5))
    assert len(client.calls.list(to=DANA, start_time_after=ago)) == 1
    assert len(client.calls.list(start_time_after=ago, start_time_before=ahead)) == 1
    assert client.calls.list(start_time_after=ahead) == []
    assert client.calls.list(start_time_before=ago) == []
    assert len(client.calls.list(start_time=datetime.now(UTC).date())) == 1


@pytest.mark.parametrize("query", [{"StartTime>": "soon"}, {"Status": "asleep"}])
def test_a_filter_that_makes_no_sense_is_refused(emulator, query):
    answer = requests.get(emulator.origin + CALLS, params=query, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"to": "banana"}, 21211),
        ({"to": "2025550142"}, 21211),
        ({"to": "+15550100123"}, 21217),
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"from_": "+12025550199"}, 21210),
        ({"from_": "north"}, 21212),
        ({"url": None}, 21205),
        ({"url": "ftp://desk.example/x"}, 21205),
        ({"url": "http://under_score.example/x"}, 21205),
        ({"url": None, "twiml": "<Response>" + "x" * 4000 + "</Response>"}, 32018),
        ({"url": None, "application_sid": "AP" + "0" * 32}, 21218),
        ({"fallback_url": "nowhere"}, 21205),
        ({"method": "PUT"}, 21209),
        ({"status_callback": "http://under_score.example/x"}, 21609),
        ({"status_callback_event": ["answered", "sneezed"]}, 21626),
        ({"status_callback_method": "PATCH"}, 21209),
        ({"timeout": 601}, 21208),
        ({"timeout": 0}, 21208),
        ({"time_limit": 0}, 20001),
        ({"send_digits": "1x"}, 21206),
        ({"machine_detection": "Perhaps"}, 20001),
        ({"machine_detection_timeout": 99}, 20001),
        ({"machine_detection_speech_threshold": 999}, 20001),
        ({"machine_detection_speech_end_threshold": 5001}, 20001),
        ({"machine_detection_silence_timeout": 1}, 20001),
        ({"async_amd": "maybe"}, 20001),
        ({"async_amd_status_callback": "nowhere"}, 21609),
        ({"to": "+15005550001"}, 21217),
        ({"to": "+15005550002"}, 21214),
        ({"to": "+15005550003"}, 21215),
        ({"to": "+15005550004"}, 21216),
        ({"from_": "+15005550001"}, 21212),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(emulator, call, values, code):
    refused(lambda: call(**values), code)
    assert emulator.control("calls") == []


def test_the_magic_sender_is_accepted_and_rings_nowhere(emulator, client, call, voice):
    emulator.number(DANA, call_script="busy")
    sid = call(from_="+15005550006").sid
    other = call().sid
    wait_for(lambda: client.calls(other).fetch().status == "busy")
    assert client.calls(sid).fetch().status == "queued"
    assert {each.fields["CallSid"] for each in voice.requests} == {other}


def test_wrong_credentials_unknown_calls_and_too_many_requests_have_twilios_codes(emulator, client, call):
    refused(lambda: emulator.client(token="wrong").calls("CA" + "0" * 32).fetch(), 20003, 401)
    refused(lambda: client.calls("CA" + "0" * 32).fetch(), 20404, 404)
    refused(lambda: client.calls("CA" + "0" * 32).update(status="completed"), 20404, 404)
    emulator.faults(rate_limit_429=1)
    refused(call, 20429, 429)
    emulator.faults(http_500=1)
    refused(call, 20500, 500)
    assert emulator.control("calls") == []


def test_a_call_that_rings_can_be_cancelled(emulator, client, call, voice):
    sid = call().sid
    wait_for(lambda: client.calls(sid).fetch().status == "ringing")
    assert client.calls(sid).update(status="canceled").status == "canceled"
    wait_for(lambda: voice.statuses() == ["initiated", "ringing", "canceled"])
    refused(lambda: client.calls(sid).update(status="completed"), 21220)
    assert client.calls(sid).fetch().end_time is None


def test_a_call_that_is_still_queued_can_be_cancelled_and_tells_only_its_end(emulator, client, call, voice):
    emulator.faults(queue_delay_seconds=60)
    sid = call().sid
    assert client.calls(sid).update(status="completed").status == "canceled"
    wait_for(lambda: voice.events() == [("canceled", 0)])


def test_cancelling_leaves_a_call_alone_that_was_answered_and_completing_ends_it(emulator, client, call, voice):
    voice.says("/voice", "Hello " * 2000)
    sid = call().sid
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    emulator.handle(sid, "answer")
    assert client.calls(sid).update(status="canceled").status == "in-progress"
    assert client.calls(sid).update(status="completed").status == "completed"
    wait_for(lambda: voice.statuses()[-1] == "completed")
    heard = emulator.heard()
    time.sleep(0.1)
    assert emulator.heard() == heard


def test_a_call_can_be_sent_to_another_document_while_it_speaks(emulator, client, call, voice):
    voice.says("/voice", "Hello " * 2000)
    voice.says("/other", "Something else")
    sid = call().sid
    refused(lambda: client.calls(sid).update(url=voice.url("/other")), 21220)
    wait_for(lambda: emulator.calls()[0]["can_answer"])
    emulator.handle(sid, "answer")
    wait_for(emulator.heard)
    assert client.calls(sid).update(url=voice.url("/other"), method="GET").status == "in-progress"
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    assert emulator.heard()[-1] == "Something else"
    assert voice.asked("/other")[0].method == "GET"
    refused(lambda: client.calls(sid).update(url=voice.url("/other")), 21220)


def test_a_call_can_be_given_other_words_while_the_detection_still_listens(emulator, client, call, voice):
    emulator.number(DANA, call_script="machine")
    emulator.pace(second=0.5)
    sid = call(machine_detection="DetectMessageEnd").sid
    wait_for(lambda: client.calls(sid).fetch().status == "in-progress")
    client.calls(sid).update(twiml="<Response><Say>Never mind</Say></Response>")
    wait_for(lambda: client.calls(sid).fetch().status == "completed")
    assert emulator.heard() == ["Never mind"]
    assert voice.asked("/voice") == []


def test_the_time_limit_ends_a_call_and_can_be_changed(emulator, client, call, voice):
    emulator.number(DANA, call_script="press:1")
    voice.says("/voice", "Hello " * 4000)
    limited = call(time_limit=4).sid
    wait_for(lambda: client.calls(limited).fetch().status == "completed")
    lasting = call().sid
    wait_for(lambda: client.calls(lasting).fetch().status == "in-progress")
    client.calls(lasting).update(time_limit=1)
    wait_for(lambda: client.calls(lasting).fetch().status == "completed")
