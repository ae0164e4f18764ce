"""Each fault, each script, the opt-out words, and the controls themselves."""

from __future__ import annotations

import time

import pytest
import requests
from requests.exceptions import ConnectionError, ReadTimeout
from twilio.base.exceptions import TwilioRestException
from twilio_rig import DANA, wait_for

from emulators.twilio import FROM_NUMBER
from emulators.twilio.faults import FAULTS


def code_of(act):
    with pytest.raises(TwilioRestException) as caught:
        act()
    return caught.value.code


def test_down_drops_the_connection_and_nothing_is_accepted(emulator, send):
    emulator.faults(down=True)
    with pytest.raises(ConnectionError):
        send()
    emulator.faults(down=False)
    assert emulator.control("messages") == []
    assert emulator.control("requests")[-1]["status"] is None
    assert send().status == "queued"


def test_http_500_and_429_answer_with_twilios_codes(emulator, send):
    emulator.faults(http_500=True)
    assert code_of(send) == 20500
    emulator.faults(http_500=False, rate_limit_429=True)
    assert code_of(send) == 20429
    assert emulator.control("messages") == []


def test_a_fault_can_be_limited_to_the_next_requests(emulator, send):
    emulator.faults(rate_limit_429=2)
    assert [code_of(send), code_of(send)] == [20429, 20429]
    assert send().status == "queued"


def test_an_answer_can_be_lost_after_the_message_was_accepted(emulator, client, send):
    emulator.faults(accept_then_drop_answer=1)
    with pytest.raises(ConnectionError):
        send()
    wait_for(lambda: len(emulator.texts()) == 1)
    assert len(client.messages.list(to=DANA)) == 1
    assert send().status == "queued"


def test_a_client_that_gives_up_after_acceptance_still_has_sent(emulator):
    emulator.faults(hang_after_accept_seconds=30)
    with pytest.raises(ReadTimeout):
        emulator.client(timeout=0.3).messages.create(to=DANA, from_=FROM_NUMBER, body="x")
    wait_for(lambda: len(emulator.texts()) == 1)


def test_a_client_that_gives_up_before_acceptance_has_sent_a_little_later(emulator):
    emulator.faults(hang_before_accept_seconds=0.6)
    with pytest.raises(ReadTimeout):
        emulator.client(timeout=0.2).messages.create(to=DANA, from_=FROM_NUMBER, body="x")
    assert emulator.control("messages") == []
    wait_for(lambda: len(emulator.texts()) == 1)


def test_slow_delays_every_answer(emulator, client):
    emulator.faults(slow_seconds=0.4)
    started = time.monotonic()
    client.messages.list()
    assert time.monotonic() - started > 0.4


def test_reset_lets_go_what_hangs(emulator, send):
    emulator.faults(slow_seconds=60)
    with pytest.raises(ReadTimeout):
        emulator.client(timeout=0.2).messages.list()
    requests.post(f"{emulator.origin}/_emulator/twilio/reset", timeout=5)
    wait_for(lambda: emulator.control("requests"))


def test_every_message_can_be_refused_or_undelivered(emulator, client, send):
    emulator.faults(refuse_code=21614)
    assert code_of(send) == 21614
    emulator.faults(refuse_code=0, undelivered_code=30007)
    sid = send().sid
    wait_for(lambda: client.messages(sid).fetch().status == "undelivered")
    assert client.messages(sid).fetch().error_code == 30007
    assert emulator.texts() == []


def test_without_receipts_a_message_arrives_and_stays_sent(emulator, client, send, receiver):
    emulator.faults(no_receipts=True)
    sid = send(status_callback=receiver.url()).sid
    wait_for(lambda: len(emulator.texts()) == 1)
    time.sleep(0.1)
    assert client.messages(sid).fetch().status == "sent"
    assert receiver.statuses() == ["sent"]


def test_a_message_that_waits_longer_than_its_validity_fails_with_30036(emulator, client, send):
    emulator.faults(queue_delay_seconds=60)
    sid = send(validity_period=1).sid
    wait_for(lambda: client.messages(sid).fetch().status == "failed")
    assert client.messages(sid).fetch().error_code == 30036


@pytest.mark.parametrize(
    ("script", "code"), [("refuse:21614", 21614), ("refuse:21610", 21610), ("refuse:21408", 21408)]
)
def test_a_number_can_be_scripted_to_refuse(emulator, send, script, code):
    emulator.number(DANA, script=script)
    assert code_of(send) == code
    emulator.number(DANA, script="deliver")
    assert send().status == "queued"


def test_a_number_can_be_scripted_to_be_silent_or_slow(emulator, client, send):
    emulator.number(DANA, script="silent")
    emulator.number("+12025550118", script="slow:0.5")
    silent, slow = send().sid, send(to="+12025550118").sid
    wait_for(lambda: emulator.texts())
    assert client.messages(slow).fetch().status == "queued"
    wait_for(lambda: client.messages(slow).fetch().status == "delivered")
    assert client.messages(silent).fetch().status == "sent"


@pytest.mark.parametrize(
    "word", ["STOP", " stop ", "Unsubscribe", "CANCEL", "end", "quit", "REVOKE", "optout", "StopAll"]
)
def test_a_stop_word_blocks_the_number_until_start(emulator, send, word):
    assert emulator.inbound(word)["keyword"] == "STOP"
    assert len(emulator.texts()) == 2, "the word and the automatic reply"
    assert code_of(send) == 21610
    assert send(to="+12025550118").status == "queued"
    assert emulator.inbound("start")["keyword"] == "START"
    assert send().status == "queued"


@pytest.mark.parametrize("body", ["STOP PLEASE", "please stop", "YES", "#verify"])
def test_other_texts_block_nothing_and_get_no_reply(emulator, send, body):
    assert emulator.inbound(body)["keyword"] is None
    assert len(emulator.texts()) == 1
    assert send().status == "queued"


def test_help_is_answered_and_the_webhook_is_called_all_the_same(emulator, receiver):
    emulator.number(FROM_NUMBER, sms_url=receiver.url())
    emulator.inbound("HELP")
    wait_for(lambda: receiver.hooks)
    assert [text["outgoing"] for text in emulator.texts()] == [True, False]


def test_every_fault_is_listed_with_a_sentence_and_its_value(emulator):
    emulator.faults(undelivered_code=30003)
    listed = requests.get(f"{emulator.origin}/_emulator/twilio/faults", timeout=5).json()
    assert listed.keys() == FAULTS.keys()
    assert all(each["about"].endswith(".") for each in listed.values())
    assert listed["undelivered_code"]["value"] == 30003
    assert listed["down"] == {"value": False, "default": False, "about": FAULTS["down"].about}


@pytest.mark.parametrize(
    "wanted",
    [
        {"lightning": True},
        {"slow_seconds": -1},
        {"callbacks": "loud"},
        {"undelivered_code": 1},
        {"down": "yes"},
        {"no_receipts": 1},
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence_and_changes_nothing(emulator, wanted):
    answer = emulator.faults(http_500=True, **wanted)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    listed = requests.get(f"{emulator.origin}/_emulator/twilio/faults", timeout=5).json()
    assert listed["http_500"]["value"] is False


@pytest.mark.parametrize("script", ["dance", "refuse:1", "undelivered:x", "slow:"])
def test_a_wrong_script_is_refused(emulator, script):
    assert emulator.number(DANA, script=script).status_code == 400


@pytest.mark.parametrize(
    "path", ["/_emulator/twilio/messages", "/_emulator/twilio/faults", "/phone", "/phone/messages.json"]
)
def test_controls_and_phone_answer_loopback_names_only(emulator, path):
    port = emulator.origin.rpartition(":")[2]
    for host, status in (
        ("evil.example", 403),
        (f"localhost:{port}", 200),
        (f"127.0.0.1:{port}", 200),
        ("[::1]:1", 200),
    ):
        assert requests.get(emulator.origin + path, headers={"Host": host}, timeout=5).status_code == status


def test_a_foreign_page_cannot_press_the_switches(emulator):
    answer = requests.post(
        f"{emulator.origin}/_emulator/twilio/reset", headers={"Origin": "https://evil.example"}, timeout=5
    )
    assert answer.status_code == 403


def test_received_requests_are_listed_without_their_content(emulator, send):
    send()
    (entry,) = emulator.control("requests")
    assert entry.keys() == {"at", "method", "path", "status"}
    assert (entry["method"], entry["status"]) == ("POST", 201)
    assert "555" not in entry["path"]
