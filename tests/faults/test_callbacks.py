"""Status callbacks at the real door: doubled, reordered, forged, early, late. Applied upwards only, never a 500."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from invariants import hold
from technician import Pod
from trial import OUTSIDERS_ACCOUNT, Trial, all_at_once, background, watch
from twilio.request_validator import RequestValidator
from world import wait_for

pytestmark = pytest.mark.processes

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "demo-auth-token-0001"


class Sent:
    """A verification whose SMS Twilio has taken, and about which it says nothing by itself."""

    def __init__(self, trial: Trial, pod: Pod, verification: str, sid: str) -> None:
        self.trial, self.pod, self.verification, self.sid = trial, pod, verification, sid
        self.url = f"{trial.web}/hooks/twilio/status/{self.outbox['receipt_key']}"

    @classmethod
    def one(cls, trial: Trial) -> Sent:
        """A new one, which the worker has recorded as sent."""
        trial.faults("twilio", callbacks="off")
        pod = trial.pod(trial.new_caller())
        verification = pod.start().verification
        trial.code(pod.caller.number)
        wait_for("the worker's record", lambda: trial.outbox(verification)["progress"] == "done")
        return cls(trial, pod, verification, trial.messages(pod.caller.number)[0]["sid"])

    @property
    def code(self) -> str:
        """What the caller holds."""
        return self.trial.code(self.pod.caller.number)

    @property
    def outbox(self) -> dict[str, Any]:
        return self.trial.outbox(self.verification)

    @property
    def state(self) -> tuple[str, str]:
        """State and delivery of the verification."""
        row = self.trial.newest(self.pod.caller)
        return row["state"], row["delivery"]

    def count(self, kind: str) -> int:
        """How often the history tells of this."""
        return self.trial.kinds(self.verification).count(kind)

    def form(self, status: str, **more: str) -> dict[str, str]:
        """A callback's fields."""
        about = {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "From": "+12025550100"}
        sid = {"MessageSid": self.sid, "SmsSid": self.sid, "To": self.pod.caller.number}
        return {**about, **sid, "MessageStatus": status, "SmsStatus": status, **more}

    def report(self, status: str, **more: str) -> int:
        """Call back as Twilio does; the status of the answer."""
        return call_back(self.url, self.form(status, **more))


def call_back(url: str, form: dict[str, str], token: str = TOKEN, **headers: str) -> int:
    """Post a signed form; ``headers`` replace the usual ones."""
    signature = RequestValidator(token).compute_signature(url, form)
    answer = requests.post(url, data=form, headers={"X-Twilio-Signature": signature, **headers}, timeout=20)
    assert answer.text == "" or answer.status_code >= 400
    return answer.status_code


@pytest.fixture
def sent(trial: Trial) -> Iterator[Sent]:
    """An SMS on its way."""
    yield Sent.one(trial)
    trial.mend("twilio")


def test_doubled_callbacks_count_once_even_at_the_same_moment(trial: Trial, sent: Sent) -> None:
    assert set(all_at_once([lambda: sent.report("delivered")] * 12)) == {204}
    assert sent.report("delivered", RawDlrDoneDate="2611230915") == 204
    assert sent.state == ("pending", "delivered")
    assert sent.count("delivered") == 1
    assert len(trial.rows("SELECT 1 FROM inbox WHERE outbox_id = :o", o=sent.outbox["id"])) == 1
    hold(trial)


def test_reordered_callbacks_never_go_backwards(trial: Trial, sent: Sent) -> None:
    for status in ("sent", "queued", "delivered", "sending", "sent", "accepted"):
        assert sent.report(status) == 204
    assert sent.state == ("pending", "delivered")
    assert sent.outbox["status"] == "delivered"
    assert (sent.count("sent"), sent.count("delivered")) == (1, 1)
    sent.trial.finish(sent.pod.caller, sent.pod)
    hold(trial)


def test_the_first_end_wins_in_both_directions(trial: Trial, sent: Sent) -> None:
    assert sent.report("delivered") == 204
    assert sent.report("failed", ErrorCode="30003") == 204
    assert sent.report("undelivered", ErrorCode="30008") == 204
    assert sent.state == ("pending", "delivered"), "a failure after the delivery changes nothing"
    other = Sent.one(trial)
    assert other.report("undelivered", ErrorCode="30003") == 204
    assert other.state == ("failed", "undelivered")
    assert other.report("delivered") == 204
    assert other.state == ("failed", "undelivered"), "a delivery after the failure changes nothing"
    assert "out of reach" in trial.newest(other.pod.caller)["reason"]
    late = other.pod.check(other.verification, other.code)
    assert late.shield == "failed"
    assert other.count("late proof refused") == 1
    hold(trial)


def test_ends_that_arrive_at_the_same_moment_leave_one_end(trial: Trial, sent: Sent) -> None:
    ends = ["delivered", "undelivered", "failed", "sent"] * 4
    answers = all_at_once([lambda end=end: sent.report(end) for end in ends])
    assert set(answers) == {204}
    assert sent.state in {("pending", "delivered"), ("failed", "undelivered")}
    assert sent.count("delivered") + sent.count("undelivered") == 1
    hold(trial)


def test_forged_callbacks_are_refused_and_told(trial: Trial, sent: Sent) -> None:
    form = sent.form("delivered")
    right = RequestValidator(TOKEN).compute_signature(sent.url, form)
    changed = {**form, "MessageStatus": "failed"}
    refused = {
        "another signature": call_back(sent.url, form, "not-the-token"),
        "the other tenant's token": call_back(sent.url, form, OUTSIDERS_ACCOUNT[1]),
        "the other tenant's account and token": call_back(
            sent.url, {**form, "AccountSid": OUTSIDERS_ACCOUNT[0]}, OUTSIDERS_ACCOUNT[1]
        ),
        "no signature": requests.post(sent.url, data=form, timeout=20).status_code,
        "an empty signature": call_back(sent.url, form, **{"X-Twilio-Signature": ""}),
        "a changed field": requests.post(
            sent.url, data=changed, headers={"X-Twilio-Signature": right}, timeout=20
        ).status_code,
        "JSON": requests.post(
            sent.url,
            data=json.dumps(form),
            headers={
                "Content-Type": "application/json",
                "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(sent.url, {}),
            },
            timeout=20,
        ).status_code,
        "an unknown key": call_back(f"{trial.web}/hooks/twilio/status/{'a' * 26}", form),
    }
    assert set(refused.values()) == {403}, refused
    assert call_back(sent.url, {**form, "AccountSid": OUTSIDERS_ACCOUNT[0]}) == 400, "signed, but of another account"
    assert call_back(sent.url, {**form, "MessageSid": "SM" + "f" * 32}) == 400, "signed, but of another message"
    assert sent.state == ("pending", "accepted"), "nothing of it was believed"
    told = trial.rows("SELECT count(*) AS n FROM history_events WHERE kind = 'forged callback refused'")[0]["n"]
    assert told >= 7
    assert sent.report("delivered") == 204
    assert sent.state == ("pending", "delivered")
    hold(trial)


def test_another_tenants_row_cannot_be_reached_with_ones_own_token(trial: Trial, sent: Sent) -> None:
    before = trial.rows("SELECT count(*) AS n FROM inbox")[0]["n"]
    sid, token = OUTSIDERS_ACCOUNT
    for form in (sent.form("failed", AccountSid=sid), sent.form("failed")):
        assert call_back(sent.url, form, token) == 403
    assert trial.rows("SELECT count(*) AS n FROM inbox")[0]["n"] == before
    assert sent.state == ("pending", "accepted")
    hold(trial)


def test_delivered_before_the_answer_is_kept_when_the_answer_comes(trial: Trial) -> None:
    trial.faults("twilio", callbacks="off", hang_after_accept_seconds=1.0)
    pod = trial.pod(trial.new_caller())
    verification = pod.start().verification
    messages = wait_for("the SMS", lambda: trial.messages(pod.caller.number), 5)
    row = trial.outbox(verification)
    assert (row["progress"], row["provider_ref"]) == ("handing_over", "")
    early = Sent(trial, pod, verification, messages[0]["sid"])
    assert early.report("delivered") == 204
    assert early.state == ("pending", "delivered")
    watch(1.8, lambda: early.state == ("pending", "delivered"), "the answer undid the delivery")
    assert (early.outbox["progress"], early.outbox["provider_ref"]) == ("done", early.sid)
    assert early.outbox["status"] == "delivered", "the answer's 'queued' came last and is of a lower rank"
    assert trial.kinds(verification) == ["requested", "delivered"]
    trial.finish(pod.caller, pod)
    hold(trial)


def test_a_callback_three_days_late_is_noted_and_revives_nothing(trial: Trial, sent: Sent) -> None:
    v, o = trial.newest(sent.pod.caller), sent.outbox
    trial.change(
        "UPDATE verifications SET created_at = :c, expires_at = :e WHERE id = :v",
        c=days_ago(v["created_at"]), e=days_ago(v["expires_at"]), v=sent.verification,
    )  # fmt: skip
    trial.change(
        "UPDATE outbox SET created_at = :c, due_at = :c, nudged_at = :c, begun_at = :c, ended_at = :e WHERE id = :o",
        c=days_ago(o["created_at"]), e=days_ago(o["ended_at"]), o=o["id"],
    )  # fmt: skip
    wait_for("the expiry", lambda: sent.state[0] == "expired")
    assert sent.report("delivered") == 204
    assert sent.state == ("expired", "delivered")
    refused = sent.pod.check(sent.verification, sent.code)
    assert refused.problem == "This code has expired. Send a new one."
    assert sent.count("late proof refused") == 1
    assert sent.report("failed", ErrorCode="30005") == 204
    assert sent.state == ("expired", "delivered")
    hold(trial)


def test_a_callback_while_no_worker_lives_and_web_dies_is_applied_in_the_end(trial: Trial, sent: Sent) -> None:
    # Stored, then dead before it was applied: as a kill between the two transactions leaves it.
    trial.change(
        "INSERT INTO inbox (tenant_id, provider, event_key, outbox_id, status, code, provider_ref, received_at)"
        " SELECT tenant_id, 'twilio', :k, id, 'delivered', '', provider_ref, created_at FROM outbox WHERE id = :o",
        k=f"{sent.sid}:delivered", o=sent.outbox["id"],
    )  # fmt: skip
    wait_for("the sweeper", lambda: sent.state == ("pending", "delivered"))
    hold(trial)


def test_nothing_that_is_posted_to_the_door_breaks_it(trial: Trial, sent: Sent) -> None:
    form = sent.form("sent")
    odd = [
        {**form, "ErrorCode": "9" * 40},
        {**form, "ErrorCode": "٣٠٠٠٣"},
        {**form, "ErrorCode": "²³"},
        {**form, "ErrorCode": "\x00"},
        {**form, "MessageStatus": "read"},
        {**form, "MessageStatus": "partially_delivered"},
        {**form, "MessageStatus": ""},
        {**form, "MessageSid": ""},
        {**form, "MessageSid": sent.sid + "\x00"},
        {**form, "MessageSid": "SM" + "F" * 32},
        {**form, "AccountSid": ""},
        {**form, "Body": "é😀+&= \n"},
        {},
    ]
    statuses = {call_back(sent.url, fields) for fields in odd}
    assert statuses <= {204, 400, 403}, statuses
    raw = [b"", b"\xff\xfe=\x00&&&===%zz%", b"a=" + b"b" * 300_000, b"&".join(b"n%d=1" % n for n in range(5000))]
    kinds = ["application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "text/xml"]
    for body in raw:
        for kind in kinds:
            headers = {"Content-Type": kind, "X-Twilio-Signature": "\u00e9=="}
            answer = requests.post(sent.url, data=body, headers=headers, timeout=20)
            assert answer.status_code in (400, 403, 413), (kind, body[:20], answer.status_code)
    for key in ("%00", "%ff", "a%00b", "%F0%9F%98%80", "x" * 1500, "..%2f..", "a'b\"c"):
        assert raw_status(trial, f"/hooks/twilio/status/{key}") in (400, 403, 404), key
    assert requests.get(sent.url, timeout=20).status_code == 405
    assert sent.state[0] == "pending"
    hold(trial)


def days_ago(moment: Any, days: float = 3) -> Any:
    """The same moment earlier, in the form that the database gave it."""
    if isinstance(moment, str):
        return (datetime.fromisoformat(moment) - timedelta(days=days)).isoformat(sep=" ")
    return moment and moment - timedelta(days=days)


def raw_status(trial: Trial, target: str) -> int:
    """The status that a POST to this very target gets; no client rewrites it on the way."""
    with socket.create_connection(("127.0.0.1", trial.web_port), timeout=20) as door:
        door.sendall(
            f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            "X-Twilio-Signature: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b".encode()
        )
        return int(door.makefile("rb").readline().split()[1])


def test_web_killed_while_callbacks_come_in_settles_at_the_next(trial: Trial, sent: Sent) -> None:
    stream = background(lambda: all_at_once([lambda s=s: sent.report(s) for s in ("sent", "delivered") * 10]))
    trial.kill("web")
    stream.exception(30)
    trial.revive()
    assert sent.report("delivered") == 204
    wait_for("the delivery", lambda: sent.state == ("pending", "delivered"))
    assert sent.count("delivered") == 1
    hold(trial)


def test_a_receipt_during_the_look_up_is_not_overwritten_by_what_the_look_up_found(trial: Trial) -> None:
    trial.faults("twilio", callbacks="off", hang_after_accept_seconds=20)
    pod = trial.pod(trial.new_caller())
    verification = pod.start().verification
    messages = wait_for("the SMS", lambda: trial.messages(pod.caller.number), 5)
    wait_for("the time-out", lambda: trial.outbox(verification)["progress"] == "unknown", 8)
    trial.faults("twilio", hang_after_accept_seconds=0, slow_seconds=1.2)
    row = trial.outbox(verification)
    before = trial.wire.taken
    for column in ("begun_at", "nudged_at"):
        trial.change(f"UPDATE outbox SET {column} = :t WHERE id = :o", t=days_ago(row[column], 1 / 1440), o=row["id"])
    wait_for("the look-up", lambda: trial.wire.taken > before, 8)
    early = Sent(trial, pod, verification, messages[0]["sid"])
    assert early.report("delivered") == 204
    watch(3, lambda: early.state == ("pending", "delivered"), "the look-up undid the delivery")
    assert trial.outbox(verification)["status"] == "delivered"
    hold(trial)
