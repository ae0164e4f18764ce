"""A full run, good and bad, with everything logged; then no secret of it stands anywhere but where it belongs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from urllib.parse import quote

import psycopg
import pytest
import requests
from invariants import canaries, gather, hold, leaks
from technician import Answered, Pod, another
from test_callbacks import days_ago
from trial import DATABASES, Trial, on_every_database
from world import wait_for

pytestmark = pytest.mark.processes


def asked(trial: Trial) -> tuple[Pod, str]:
    """A new caller's pod, and the verification that was started in it."""
    pod = trial.pod(trial.new_caller())
    return pod, pod.start().verification


def ended(trial: Trial, pod: Pod, state: str) -> None:
    """Wait for the end of a verification."""
    wait_for(state, lambda: trial.newest(pod.caller)["state"] == state, 15)


@on_every_database
def test_a_full_run_at_the_most_talkative_log_level_tells_no_secret(trial: Trial) -> None:
    assert trial.environment["PODSERVER_LOG_LEVEL"] == "debug"
    for scene in (verified, locked, cancelled_and_resent, refused, undelivered, unreachable, unknown, psa_in_trouble):
        scene(trial)
        trial.ready()
    assert '"level": "debug"' in trial.log("web").read_text()
    hold(trial)


def verified(trial: Trial) -> None:
    """The happy path, after one slip."""
    pod, verification = asked(trial)
    code = trial.code(pod.caller.number)
    pod.check(verification, another(code))
    pod.check(verification, f" {code[:3]}-{code[3:]} ")
    assert pod.load().shield == "verified"
    pod.history()


def locked(trial: Trial) -> None:
    """Wrong codes to the lock."""
    pod, verification = asked(trial)
    wrong = another(trial.code(pod.caller.number))
    for _ in range(5):
        trial.change("UPDATE guards SET next_guess_at = NULL WHERE contact = :c", c=pod.caller.contact)
        pod.check(verification, wrong)
    ended(trial, pod, "locked")
    assert "too many wrong codes" in pod.start().problem.lower()


def cancelled_and_resent(trial: Trial) -> None:
    """A resend, a late old code, a cancel."""
    pod, first = asked(trial)
    old = trial.code(pod.caller.number)
    trial.change(
        "UPDATE verifications SET created_at = :t WHERE id = :v",
        t=days_ago(trial.newest(pod.caller)["created_at"], 1 / 1440), v=first,
    )  # fmt: skip
    second = pod.start(again=True).verification
    trial.code(pod.caller.number, newer_than=1)
    pod.check(first, old)
    pod.cancel(second)
    ended(trial, pod, "cancelled")


def refused(trial: Trial) -> None:
    """The carrier refuses at once."""
    for code in (21610, 21614, 21211):
        trial.faults("twilio", refuse_code=code)
        pod, _ = asked(trial)
        ended(trial, pod, "failed")


def undelivered(trial: Trial) -> None:
    """The carrier fails later."""
    trial.faults("twilio", undelivered_code=30003)
    pod, _ = asked(trial)
    ended(trial, pod, "failed")


def unreachable(trial: Trial) -> None:
    """Twilio is down, slows us down, and has a fault."""
    trial.faults("twilio", rate_limit_429=1)
    pod, _ = asked(trial)
    trial.code(pod.caller.number)
    trial.finish(pod.caller, pod)
    for fault in ("http_500", "down", "accept_then_drop_answer"):
        trial.faults("twilio", **{fault: 1}, callbacks="off")
        pod, verification = asked(trial)
        wait_for(fault, lambda v=verification: trial.outbox(v)["progress"] == "unknown", 8)


def unknown(trial: Trial) -> None:
    """A hand-over without an answer is looked for, number and all."""
    trial.faults("twilio", callbacks="off", accept_then_drop_answer=1)
    _pod, verification = asked(trial)
    wait_for("the lost answer", lambda: trial.outbox(verification)["progress"] == "unknown", 8)
    row = trial.outbox(verification)
    trial.change(
        "UPDATE outbox SET begun_at = :b, nudged_at = :n WHERE id = :o",
        b=days_ago(row["begun_at"], 1 / 1440), n=days_ago(row["nudged_at"], 1 / 1440), o=row["id"],
    )  # fmt: skip
    wait_for("the look-up", lambda: trial.outbox(verification)["progress"] == "done", 12)


def psa_in_trouble(trial: Trial) -> None:
    """The PSA is down, refuses our keys, and does not know the member."""
    caller = trial.new_caller()
    for fault in ({"down": "503"}, {"down": "drop"}, {"html_errors": True, "server_error": 3}, {"wrong_keys": True}):
        trial.faults("connectwise", **fault)
        with contextlib.suppress(Answered, IndexError):
            trial.pod(caller)
        trial.mend("connectwise")
    trial.faults("connectwise", member_session="expired")
    with pytest.raises(Answered, match="did not confirm"):
        trial.pod(caller)
    with pytest.raises(Answered, match="wrong"):
        trial.outsiders_pod(caller).open_by_password("rosa@lakeside.example", "not the pass phrase at all")
    trial.mend("connectwise")
    pod, _ = asked(trial)
    trial.code(pod.caller.number)
    trial.faults("connectwise", down="503", scope=["/service/tickets/*/notes"])
    trial.finish(pod.caller, pod)
    note = trial.newest(pod.caller)["id"]
    failed = wait_for("the note's first try", lambda: (o := trial.outbox(note, "psa_note"))["error"] and o)
    # It was to wait 20 s before it looks for its note.
    trial.change("UPDATE outbox SET due_at = :t WHERE id = :o", t=days_ago(failed["due_at"], 1 / 1440), o=failed["id"])


def test_error_pages_repeat_no_secret_that_was_sent_to_them(trial: Trial) -> None:
    pod, verification = asked(trial)
    code, number = trial.code(pod.caller.number), pod.caller.number
    secrets = [code, number, number[2:], *list(trial.ledger.secrets)[:3], "demo-auth-token-0001"]
    pages = list(error_pages(trial, verification, secrets))
    assert {status for status, _ in pages} >= {400, 401, 403, 404, 405, 413}
    assert not [status for status, _ in pages if status >= 500], "an error page is no crash"
    found = canaries(trial, gather(trial))
    for status, text in pages:
        assert not leaks(text, found), f"a page with {status} repeats {leaks(text, found)}: {text[:300]}"
    hold(trial)


def error_pages(trial: Trial, verification: str, secrets: list[str]) -> Iterator[tuple[int, str]]:
    """What comes back from requests that cannot succeed and carry secrets in every place."""
    shell = trial.pod_url.partition("?")[0]
    ours = {"Sec-Fetch-Site": "same-origin"}

    def answer(ask: Callable[..., requests.Response], url: str, **more: object) -> tuple[int, str]:
        said = ask(url, timeout=20, **more)
        return said.status_code, said.text + str({k: v for k, v in said.headers.items() if k != "X-Pod-Token"})

    for secret in secrets:
        token = {"X-Pod-Token": secret, "HX-Request": "true"}
        form = {"code": secret, "request_id": secret, "destination": secret, "note": secret}
        claim = {
            "memberid": "stranger",
            "memberHash": secret,
            "memberContext": secret,
            "email": secret,
            "password": secret,
        }
        record = {"id": "48213", "screen": "ticket"}
        path = quote(secret, safe="")
        yield answer(requests.get, f"{trial.web}/nowhere/{path}?code={path}")
        yield answer(requests.get, f"{trial.web}/pod/connectwise/{path}")
        yield answer(requests.get, f"{trial.web}/pod/verifications/{path}/check?code={path}")
        yield answer(requests.post, f"{trial.web}/pod/verifications/{path}/check", data=form, headers=token)
        yield answer(requests.post, f"{trial.web}/pod/verifications/{verification}/check", data=form)
        yield answer(requests.post, f"{trial.web}/pod/verifications", data=form, headers={"X-Pod-Token": secret})
        yield answer(requests.post, f"{shell}/session", data={**claim, **record}, headers=ours)
        yield answer(requests.post, f"{shell}/session", data={**claim, "id": secret, "screen": secret}, headers=ours)
        yield answer(requests.post, f"{shell}/session", data={**claim, **record})
        yield answer(requests.post, f"{shell}/password", data={**claim, **record}, headers=ours)
        yield answer(requests.post, f"{trial.web}/sign-in", data=claim)
        yield answer(requests.post, f"{trial.web}/hooks/twilio/status/{path}", data=form)
        yield answer(requests.post, f"{shell}/password", data={**claim, "id": "a\0b"}, headers=ours)
        yield answer(requests.get, f"{trial.web}/pod/connectwise/{path}%00")
        yield answer(requests.post, f"{trial.web}/pod/verifications", data={"code": secret * 90_000})
    # Refused by the server before the application sees it.
    yield answer(requests.get, f"{trial.web}/{secrets[0]}{'x' * 3000}")


# A file cannot be away while the server runs.
@pytest.mark.parametrize("trial", DATABASES[1:], indirect=True)
def test_a_database_that_is_away_is_said_without_a_word_of_why(trial: Trial) -> None:
    pod, verification = asked(trial)
    code = trial.code(pod.caller.number)
    name = trial.engine.url.database
    server = trial.engine.url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            answers = [
                pod.send("POST", f"/pod/verifications/{verification}/check", {"code": code, "request_id": "z" * 32}),
                requests.get(f"{trial.web}/readyz", timeout=20),
                requests.get(trial.pod_url, timeout=20),
            ]
        finally:
            admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    for answer in answers:
        assert answer.status_code == 503
        assert code not in answer.text
        assert str(name) not in answer.text
    # Connections that the pools still hold are found dead one by one; nothing was judged meanwhile.
    wait_for("the database", lambda: all(pod.send("GET", "/pod/history").ok for _ in range(30)))
    trial.finish(pod.caller, trial.pod(pod.caller))
    hold(trial)
