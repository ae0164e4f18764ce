"""The HTTP session that all connectors share, against a server that misbehaves by script."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from connectors.base import PsaError, RateLimited, Rejected, Unavailable
from connectors.http import DEFAULT_WAIT, LONGEST_WAIT, Call, PsaSession, is_loopback, plain_words, retry_after


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
def session(calls: list[Call]) -> Iterator[PsaSession]:
    made = PsaSession("ExamplePSA", timeout=0.4, max_bytes=1024 * 1024, observer=calls.append)
    yield made
    made.close()


def test_json_is_parsed_and_headers_are_read_without_regard_to_case(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", data={"a": [1]}, headers={"X-Thing": "yes", "Content-Type": "application/vnd.x+json"})
    answer = session.send("GET", psa.url + "/raw", template="/raw")
    assert (answer.status, answer.ok, answer.is_json, answer.data) == (200, True, True, {"a": [1]})
    assert answer.headers["x-thing"] == "yes"


@pytest.mark.parametrize("raw", [b"<html>busy</html>", b"", b"\xff\xfe\x00", b"[" * 200_000, b'{"a":'])
def test_a_body_that_is_not_json_is_no_error_here(psa: Any, session: PsaSession, raw: bytes) -> None:
    psa.on("GET", "/raw", raw=raw)
    answer = session.send("GET", psa.url + "/raw", template="/raw")
    assert (answer.is_json, answer.data) == (False, None)


def test_a_byte_order_mark_and_compression_are_understood(psa: Any, session: PsaSession) -> None:
    packed = gzip.compress(b"\xef\xbb\xbf" + json.dumps({"a": "x" * 200_000}).encode())
    psa.on("GET", "/raw", raw=packed, headers={"Content-Encoding": "gzip"})
    assert len(session.send("GET", psa.url + "/raw", template="/raw").data["a"]) == 200_000


def test_silence_ends_after_the_time_out_and_is_not_repeated(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", data={}, delay=3)
    started = time.monotonic()
    with pytest.raises(Unavailable, match=r"did not answer within 0\.4 seconds") as caught:
        session.send("GET", psa.url + "/raw", template="/raw")
    assert time.monotonic() - started < 1.0
    assert not caught.value.ambiguous
    assert len(psa.received) == 1


def test_an_answer_that_drips_is_bounded_in_total(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", raw=b"x" * 100, drip=0.1)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="in the middle"):
        session.send("GET", psa.url + "/raw", template="/raw")
    assert time.monotonic() - started < 2.0


def test_a_time_out_of_a_write_is_ambiguous(psa: Any, session: PsaSession) -> None:
    psa.on("POST", "/raw", data={}, delay=3)
    with pytest.raises(Unavailable, match="may have done") as caught:
        session.send("POST", psa.url + "/raw", template="/raw", body={"a": 1})
    assert caught.value.ambiguous
    assert not caught.value.permanent


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_is_unavailable_and_never_ambiguous(
    session: PsaSession, calls: list[Call], closed_port: int, method: str
) -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        session.send(method, f"http://127.0.0.1:{closed_port}/raw", template="/raw")
    assert not caught.value.ambiguous
    assert [call.status for call in calls] == ([0, 0] if method == "GET" else [0])


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_get_is_repeated_once_after_a_gateway_error(
    psa: Any, session: PsaSession, reply: Any, calls: list[Call], status: int
) -> None:
    psa.on("GET", "/raw", reply(status, raw=b"<html>"), reply(200, {"ok": True}))
    assert session.send("GET", psa.url + "/raw", template="/raw").data == {"ok": True}
    assert [call.status for call in calls] == [status, 200]


def test_a_get_is_not_repeated_more_than_once(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", status=503, raw=b"<html>")
    assert session.send("GET", psa.url + "/raw", template="/raw").status == 503
    assert len(psa.received) == 2


def test_a_get_is_not_repeated_at_once_when_the_server_says_when(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", status=503, data={}, headers={"Retry-After": "60"})
    assert session.send("GET", psa.url + "/raw", template="/raw").status == 503
    assert len(psa.received) == 1


@pytest.mark.parametrize("status", [400, 404, 500])
def test_other_statuses_are_never_repeated(psa: Any, session: PsaSession, status: int) -> None:
    psa.on("GET", "/raw", status=status, data={})
    assert session.send("GET", psa.url + "/raw", template="/raw").status == status
    assert len(psa.received) == 1


def test_a_get_is_repeated_when_the_connection_breaks_off(psa: Any, session: PsaSession, reply: Any) -> None:
    psa.on("GET", "/raw", reply(cut=-1), reply(200, {"ok": True}))
    assert session.send("GET", psa.url + "/raw", template="/raw").data == {"ok": True}


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("script", [{"cut": -1}, {"data": {"a": 1}, "cut": 3}])
def test_a_write_whose_answer_breaks_off_is_ambiguous_and_never_repeated(
    psa: Any, session: PsaSession, method: str, script: dict[str, Any]
) -> None:
    psa.on(method, "/raw", **script)
    with pytest.raises(Unavailable) as caught:
        session.send(method, psa.url + "/raw", template="/raw", body={})
    assert caught.value.ambiguous
    assert len(psa.received) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_write_is_not_repeated_after_a_gateway_error(psa: Any, session: PsaSession, status: int) -> None:
    psa.on("POST", "/raw", status=status, raw=b"<html>")
    assert session.send("POST", psa.url + "/raw", template="/raw", body={}).status == status
    assert len(psa.received) == 1


def test_a_redirect_is_not_followed(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", status=302, data={}, headers={"Location": psa.url + "/raw/elsewhere"})
    assert session.send("GET", psa.url + "/raw", template="/raw").status == 302
    assert [r.path for r in psa.received] == ["/raw"]


def test_a_huge_answer_is_given_up(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", raw=b"1" * (2 * 1024 * 1024))
    with pytest.raises(Unavailable, match="more than 1 MB"):
        session.send("GET", psa.url + "/raw", template="/raw")


def test_a_huge_answer_is_given_up_by_its_unpacked_size(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", raw=gzip.compress(b"1" * (40 * 1024 * 1024)), headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unavailable, match="more than 1 MB"):
        session.send("GET", psa.url + "/raw", template="/raw")


def test_cookies_of_one_answer_never_reach_another_request(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", data={}, headers={"Set-Cookie": "session=someone; Path=/"})
    for _ in range(2):
        session.send("GET", psa.url + "/raw", template="/raw")
    assert all("cookie" not in request.headers for request in psa.received)


def test_the_environment_changes_nothing(
    psa: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, closed_port: int
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    psa.on("GET", "/raw", data={})
    session = PsaSession("ExamplePSA", timeout=0.4)
    session.send("GET", psa.url + "/raw", template="/raw", headers={"Authorization": "Bearer mine"})
    assert psa.received[0].headers["authorization"] == "Bearer mine"


@pytest.mark.parametrize("url", ["http://psa.example.test/x", "ftp://127.0.0.1/x", "file:///etc/hosts", "//host/x"])
def test_plain_http_is_refused_except_to_this_machine(session: PsaSession, calls: list[Call], url: str) -> None:
    with pytest.raises(Rejected, match="only called over https"):
        session.send("GET", url, template="/x")
    assert calls == []


def test_loopback_is_recognised_in_all_its_forms() -> None:
    assert all(map(is_loopback, ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("", "10.0.0.1", "localhost.example.test", "::2", "0.0.0.0")))


def test_too_many_requests_carries_the_wait_and_is_not_repeated(psa: Any, session: PsaSession) -> None:
    psa.on("GET", "/raw", status=429, data={"error": "X"}, headers={"Retry-After": "17"})
    with pytest.raises(RateLimited, match="17 seconds") as caught:
        session.send("GET", psa.url + "/raw", template="/raw")
    assert caught.value.retry_after == 17
    assert not caught.value.ambiguous
    assert len(psa.received) == 1


def test_a_wait_may_be_a_date_or_missing_or_nonsense() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    assert 85 < retry_after(soon) <= 90
    assert retry_after(past) == 0
    assert retry_after("999999999") == LONGEST_WAIT
    for nonsense in (None, "", "soon", "-5", "1e400", "Mon, 99 Foo 2026 00:00:00 GMT"):
        assert retry_after(nonsense) == DEFAULT_WAIT


def test_the_metrics_hook_sees_the_template_and_not_the_ids(psa: Any, session: PsaSession, calls: list[Call]) -> None:
    psa.on("GET", "/raw/48213", data={})
    session.send("GET", psa.url + "/raw/48213", template="/raw/{id}", params={"name": "Dana"})
    assert [(c.method, c.path_template, c.status) for c in calls] == [("GET", "/raw/{id}", 200)]
    assert 0 < calls[0].seconds < 0.4


def test_a_broken_metrics_hook_breaks_no_call(psa: Any) -> None:
    def broken(_call: Call) -> None:
        raise RuntimeError("no disk")

    psa.on("GET", "/raw", data={"a": 1})
    assert PsaSession("ExamplePSA", observer=broken).send("GET", psa.url + "/raw", template="/raw").data == {"a": 1}


def _fail_with(psa: Any, closed_port: int, script: dict[str, Any] | None) -> Callable[[PsaSession], object]:
    headers = {"Authorization": "Bearer hush-header", "Cookie": "memberHash=hush-cookie"}
    if script is None:
        url = f"http://127.0.0.1:{closed_port}/raw"
    else:
        psa.on("POST", "/raw", **script)
        url = psa.url + "/raw"
    return lambda session: session.send(
        "POST", url, template="/raw", params={"q": "hush-query"}, headers=headers, body={"key": "hush-body"}
    )


@pytest.mark.parametrize("script", [None, {"delay": 3}, {"cut": -1}, {"data": {}, "cut": 1}, {"status": 429}])
def test_no_failure_carries_a_header_a_query_or_a_body(
    psa: Any, session: PsaSession, closed_port: int, script: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PsaError) as caught:
        _fail_with(psa, closed_port, script)(session)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    lines = " ".join(record.getMessage() for record in caplog.records)
    assert "hush" not in str(caught.value) + repr(session) + lines


def test_other_users_of_urllib3_keep_their_log_lines(psa: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "urllib3")
    logging.getLogger("urllib3.connectionpool").debug("a line of somebody else")
    assert "a line of somebody else" in caplog.text


def test_words_of_a_psa_become_one_clean_short_line() -> None:
    assert plain_words("a\r\n\tb\x00c  key01 d", ["key01", ""]) == "a b c [hidden] d"
    assert len(plain_words("x" * 1000)) == 300
