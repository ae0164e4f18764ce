"""Status callbacks and inbound webhooks: signature, order, retries, and what can be bent about them."""

from __future__ import annotations

import socket
import time

import pytest
from twilio.request_validator import RequestValidator
from twilio_rig import DANA, wait_for
from werkzeug.datastructures import MultiDict

from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER, MESSAGING_SERVICE_SID
from emulators.twilio.signature import sign

VECTOR_URL = "https://sms.example.test/hooks/sms/k3"
VECTOR = {
    "To": "+12025550199",
    "From": "+12025550123",
    "Body": " #verify \n",
    "NumMedia": "0",
    "FromZip": "",
    "MessageSid": "SM" + "0" * 32,
}


def is_signed(receiver, hook):
    url = f"http://127.0.0.1:{receiver.port}{hook.path}"
    return RequestValidator(AUTH_TOKEN).validate(url, hook.fields, hook.headers["x-twilio-signature"])


def test_the_signature_agrees_with_the_known_vector():
    assert sign(VECTOR_URL, VECTOR, "12345") == "6mJTw+XHl1vqq8tjfk/0qGK7Twc="
    assert sign(VECTOR_URL, VECTOR, "12345", "sha256") == "w02Xz9cLghhw83qobKXcGfOz6nVBkha9cK3NANIfLIY="


def test_a_fragment_is_not_signed_and_repeated_values_are_sorted_once():
    assert sign(VECTOR_URL + "#rc=2", VECTOR, "12345") == sign(VECTOR_URL, VECTOR, "12345")
    repeated = MultiDict([("a", "2"), ("a", "1"), ("a", "2")])
    expected = RequestValidator("k").compute_signature("https://a.test", repeated)
    assert sign("https://a.test", {"a": ["2", "1", "2"]}, "k") == expected


def test_sent_and_delivered_are_told_in_order_and_signed_but_not_the_first_status(send, receiver):
    message = send(status_callback=receiver.url("/hooks/d1?caf%C3%A9=%2Fx"))
    wait_for(lambda: len(receiver.hooks) == 2)
    assert receiver.statuses() == ["sent", "delivered"]
    for hook in receiver.hooks:
        assert hook.path == "/hooks/d1?caf%C3%A9=%2Fx"
        assert is_signed(receiver, hook)
        assert hook.fields["MessageSid"] == hook.fields["SmsSid"] == message.sid
        assert hook.fields["MessageStatus"] == hook.fields["SmsStatus"]
        assert (hook.fields["To"], hook.fields["From"]) == (DANA, FROM_NUMBER)
        assert (hook.fields["AccountSid"], hook.fields["ApiVersion"]) == (ACCOUNT_SID, "2010-04-01")
        assert "Body" not in hook.fields
    assert "RawDlrDoneDate" not in receiver.hooks[0].fields
    assert len(receiver.hooks[1].fields["RawDlrDoneDate"]) == 10


def test_a_messaging_service_also_tells_queued(send, receiver):
    send(from_=None, messaging_service_sid=MESSAGING_SERVICE_SID, status_callback=receiver.url())
    wait_for(lambda: len(receiver.hooks) == 3)
    assert receiver.statuses() == ["queued", "sent", "delivered"]
    assert {hook.fields["MessagingServiceSid"] for hook in receiver.hooks} == {MESSAGING_SERVICE_SID}


def test_an_undelivered_message_tells_its_error_code(emulator, send, receiver):
    emulator.number(DANA, script="undelivered:30003")
    send(status_callback=receiver.url())
    wait_for(lambda: receiver.statuses() == ["sent", "undelivered"])
    assert receiver.hooks[1].fields["ErrorCode"] == "30003"
    assert receiver.hooks[1].fields["ErrorMessage"]
    assert emulator.texts() == []


def test_a_failed_message_tells_failed_and_never_sent(emulator, send, receiver):
    emulator.number(DANA, script="failed:30450")
    send(status_callback=receiver.url())
    wait_for(lambda: receiver.statuses() == ["failed"])


def test_the_answer_to_create_does_not_wait_for_a_slow_hook(send, receiver):
    receiver.delay = 2
    started = time.monotonic()
    send(status_callback=receiver.url())
    assert time.monotonic() - started < 1
    wait_for(lambda: receiver.statuses() == ["sent", "delivered"])


def test_a_refused_connection_is_tried_once_more_and_an_error_answer_is_not(emulator, send, receiver):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        send(status_callback=f"http://127.0.0.1:{taken.getsockname()[1]}/hook")
        log = wait_for(lambda: [each for each in emulator.control("callbacks") if each["attempts"] == 2])
        assert (log[0]["answer"], log[0]["error"]) == (None, 11205)
    receiver.status = 500
    send(status_callback=receiver.url())
    wait_for(lambda: [each["error"] for each in emulator.control("callbacks")].count(11217) == 2)
    assert receiver.statuses() == ["sent", "delivered"]


def test_callbacks_can_be_switched_off(emulator, client, send, receiver):
    emulator.faults(callbacks="off")
    sid = send(status_callback=receiver.url()).sid
    wait_for(lambda: client.messages(sid).fetch().status == "delivered")
    time.sleep(0.1)
    assert receiver.hooks == []


def test_callbacks_can_come_twice_with_the_same_idempotency_token(emulator, send, receiver):
    emulator.faults(callbacks="duplicated")
    send(status_callback=receiver.url())
    wait_for(lambda: len(receiver.hooks) == 4)
    tokens = {(hook.fields["MessageStatus"], hook.headers["i-twilio-idempotency-token"]) for hook in receiver.hooks}
    assert len(tokens) == 2


def test_callbacks_can_come_in_the_wrong_order(emulator, send, receiver):
    emulator.faults(callbacks="reordered")
    send(status_callback=receiver.url())
    wait_for(lambda: receiver.statuses() == ["delivered", "sent"])


def test_callbacks_can_carry_a_wrong_signature(emulator, send, receiver):
    emulator.faults(callbacks="bad_signature")
    send(status_callback=receiver.url())
    wait_for(lambda: len(receiver.hooks) == 2)
    assert not any(is_signed(receiver, hook) for hook in receiver.hooks)


def test_callbacks_can_come_late(emulator, send, receiver):
    emulator.faults(callback_delay_seconds=0.5)
    started = time.monotonic()
    send(status_callback=receiver.url())
    wait_for(lambda: receiver.hooks)
    assert time.monotonic() - started > 0.5


@pytest.mark.parametrize("body", ["Hello & goodbye + \u00e9 \U0001f44d", " #verify \n"])
def test_an_inbound_message_is_posted_to_the_webhook_of_the_number(emulator, receiver, body):
    emulator.number(FROM_NUMBER, sms_url=receiver.url("/hooks/sms/k3"))
    message = emulator.inbound(body)
    hook = wait_for(lambda: receiver.hooks)[0]
    assert is_signed(receiver, hook)
    assert (hook.fields["From"], hook.fields["To"], hook.fields["Body"]) == (DANA, FROM_NUMBER, body)
    assert (hook.fields["SmsStatus"], hook.fields["MessageSid"]) == ("received", message["sid"])
