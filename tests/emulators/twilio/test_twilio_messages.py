"""Messages over the wire, driven by Twilio's own package."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio_rig import DANA, Emulator, wait_for

from emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER, MESSAGING_SERVICE_SID

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"


def status_of(client, sid):
    return client.messages(sid).fetch().status


def refused(act, code, status=400):
    with pytest.raises(TwilioRestException) as caught:
        act()
    assert (caught.value.code, caught.value.status) == (code, status)


def test_a_new_message_is_queued_and_has_the_documented_shape(emulator: Emulator):
    form = {"To": DANA, "From": FROM_NUMBER, "Body": "Hello"}
    answer = requests.post(emulator.origin + MESSAGES, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)
    message = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch(r"SM[0-9a-f]{32}", message["sid"])
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", message["date_created"])
    assert (message["status"], message["direction"], message["to"]) == ("queued", "outbound-api", DANA)
    assert (message["num_segments"], message["num_media"]) == ("1", "0")
    for absent in ("error_code", "error_message", "price", "date_sent", "messaging_service_sid"):
        assert message[absent] is None
    assert message["uri"] == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{message['sid']}.json"


def test_a_message_arrives_on_the_phone_and_is_delivered(emulator, client, send):
    sid = send().sid
    wait_for(lambda: status_of(client, sid) == "delivered")
    assert client.messages(sid).fetch().date_sent is not None
    assert [text["body"] for text in emulator.texts()] == ["Your code is 870412"]


def test_a_messaging_service_accepts_first_and_chooses_the_sender_later(client, send):
    message = send(from_=None, messaging_service_sid=MESSAGING_SERVICE_SID)
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    wait_for(lambda: status_of(client, message.sid) == "delivered")
    later = client.messages(message.sid).fetch()
    assert (later.from_, later.num_segments) == (FROM_NUMBER, "1")


def test_with_a_messaging_service_an_opt_out_arrives_later_as_an_error_code(emulator, client, send):
    emulator.inbound("STOP")
    sid = send(from_=None, messaging_service_sid=MESSAGING_SERVICE_SID).sid
    wait_for(lambda: status_of(client, sid) == "failed")
    assert client.messages(sid).fetch().error_code == 21610


def test_a_scheduled_message_waits_and_can_be_cancelled(emulator, client, send):
    soon = datetime.now(UTC) + timedelta(seconds=60)
    message = send(
        from_=None, messaging_service_sid=MESSAGING_SERVICE_SID, schedule_type="fixed", send_at=soon.isoformat()
    )
    assert message.status == "scheduled"
    assert message.update(status="canceled").status == "canceled"
    refused(lambda: send(schedule_type="fixed", send_at=soon.isoformat()), 20001)


def test_redaction_empties_the_text_but_not_the_phone(emulator, client, send):
    sid = send().sid
    wait_for(lambda: status_of(client, sid) == "delivered")
    assert client.messages(sid).update(body="").body == ""
    assert client.messages(sid).fetch().body == ""
    assert emulator.texts()[0]["body"] == "Your code is 870412"


def test_a_message_on_its_way_cannot_be_redacted_or_deleted(emulator, client, send):
    emulator.faults(queue_delay_seconds=60)
    sid = send().sid
    refused(lambda: client.messages(sid).update(body=""), 20009, 409)
    refused(lambda: client.messages(sid).delete(), 20009, 409)


def test_a_deleted_message_is_gone(client, send):
    sid = send().sid
    wait_for(lambda: status_of(client, sid) == "delivered")
    assert client.messages(sid).delete()
    refused(lambda: client.messages(sid).fetch(), 20404, 404)


def test_the_list_is_paged_newest_first(client, send):
    bodies = [f"Message {n}" for n in range(5)]
    for body in bodies:
        send(body=body)
    assert [message.body for message in client.messages.list(page_size=2)] == bodies[::-1]
    page = client.messages.page(page_size=2)
    assert page.next_page_url.startswith(client.api.base_url)
    assert page.next_page().previous_page().next_page().next_page().next_page_url is None


def test_the_list_can_be_filtered_by_recipient_sender_and_time(emulator, client, send):
    send()
    send(to="+12025550118")
    emulator.inbound("Thanks", "+12025550118")
    ago, ahead = (datetime.now(UTC) + timedelta(minutes=n) for n in (-5, 5))
    assert [m.to for m in client.messages.list(to=DANA)] == [DANA]
    assert [m.body for m in client.messages.list(from_="+12025550118")] == ["Thanks"]
    assert len(client.messages.list(date_sent_after=ago)) == 3
    assert len(client.messages.list(date_sent_after=ago, date_sent_before=ahead)) == 3
    assert client.messages.list(date_sent_after=ahead) == []
    assert client.messages.list(date_sent_before=ago) == []
    assert len(client.messages.list(date_sent=datetime.now(UTC).date())) == 3


def test_a_filter_that_is_no_time_is_refused(emulator):
    answer = requests.get(
        emulator.origin + MESSAGES, params={"DateSent>": "soon"}, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"to": "banana"}, 21211),
        ({"to": "+15550100123"}, 21211),
        ({"to": "2025550142"}, 21211),
        ({"to": ""}, 21604),
        ({"from_": "+12025550199"}, 21606),
        ({"from_": "north"}, 21212),
        ({"from_": None}, 21603),
        ({"to": FROM_NUMBER}, 21266),
        ({"body": ""}, 21602),
        ({"body": None}, 21619),
        ({"body": "x" * 1601}, 21617),
        ({"status_callback": "http://under_score.example/x"}, 21609),
        ({"status_callback": "ftp://desk.example/x"}, 21609),
        ({"validity_period": 99999}, 20001),
        ({"from_": None, "messaging_service_sid": "MG" + "9" * 32}, 21705),
        ({"content_sid": "HX" + "0" * 32}, 21655),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"from_": "+15005550001"}, 21212),
        ({"from_": "+15005550007"}, 21606),
        ({"from_": "+15005550008"}, 21611),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(emulator, send, values, code):
    refused(lambda: send(**values), code)
    assert emulator.control("messages") == []


def test_an_error_has_the_documented_body(emulator):
    form = {"To": "banana", "From": FROM_NUMBER, "Body": "x"}
    answer = requests.post(emulator.origin + MESSAGES, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)
    assert answer.status_code == 400
    assert answer.json() == {
        "code": 21211,
        "message": "The 'To' number is not a valid phone number: banana",
        "more_info": "https://www.twilio.com/docs/errors/21211",
        "status": 400,
    }


def test_the_magic_sender_is_accepted_and_goes_nowhere(emulator, client, send, receiver):
    sid = send(from_="+15005550006", status_callback=receiver.url()).sid
    other = send().sid
    wait_for(lambda: status_of(client, other) == "delivered")
    assert status_of(client, sid) == "queued"
    assert receiver.hooks == []


def test_a_wrong_token_or_none_is_401_with_20003(emulator):
    refused(lambda: emulator.client(token="wrong").messages("SM" + "0" * 32).fetch(), 20003, 401)
    assert requests.get(emulator.origin + MESSAGES, timeout=5).json()["code"] == 20003
    other = MESSAGES.replace(ACCOUNT_SID, "AC" + "7" * 32)
    assert requests.get(emulator.origin + other, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5).status_code == 401


def test_an_unknown_resource_is_404_with_20404(emulator, client):
    refused(lambda: client.messages("SM" + "0" * 32).fetch(), 20404, 404)
    answer = requests.get(emulator.origin + "/2010-04-01/Nothing.json", auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)
    assert answer.json()["code"] == 20404


def test_text_to_a_number_of_twilio_itself_is_undelivered_with_30038(emulator, client, send):
    sid = send(to=FROM_NUMBER, from_=None, messaging_service_sid=MESSAGING_SERVICE_SID).sid
    wait_for(lambda: status_of(client, sid) == "undelivered")
    assert client.messages(sid).fetch().error_code == 30038
