"""What the connector says when SuperOps refuses, is odd, or is not itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from connectors.base import BadCredentials, NotFound, PsaError, RateLimited, Rejected, Unavailable
from connectors.discipline import Gate, Lane, Limits
from connectors.ledger import SqliteLedger
from connectors.superops import LIMITS, SuperOps, api_url, field_key, parse_subdomain
from connectors.superops.fields import mobile_among

TOKEN = "api-demoSuperOpsToken01"


@pytest.mark.parametrize(
    ("typed", "bare"),
    [
        ("northgateit", "northgateit"),
        (" NorthgateIT ", "northgateit"),
        ("https://northgateit.superops.ai", "northgateit"),
        ("https://northgateit.superops.ai/#/tickets", "northgateit"),
        ("northgateit.superops.ai/", "northgateit"),
    ],
)
def test_a_subdomain_is_taken_out_of_an_address(typed: str, bare: str) -> None:
    assert parse_subdomain(typed) == bare


@pytest.mark.parametrize("typed", ["", "a b", "northgate.example", "http://x", "a\nb", "-a", "x" * 64, "ä"])
def test_what_is_no_subdomain_is_refused(typed: str) -> None:
    with pytest.raises(Rejected, match="first part of your SuperOps address"):
        parse_subdomain(typed)


def test_a_region_is_one_of_two_or_this_machine() -> None:
    assert api_url("US") == "https://api.superops.ai/msp"
    assert api_url("eu") == "https://euapi.superops.ai/msp"
    assert api_url("http://localhost:8100") == "http://localhost:8100/msp"
    assert api_url("http://[::1]:8100/") == "http://[::1]:8100/msp"
    for wrong in ("", "de", "https://api.superops.ai", "http://psa.example", "http://localhost:8100/x", "http://u@localhost",
                  "http://localhost:99999", "http://localhost?x"):  # fmt: skip
        with pytest.raises(Rejected):
            api_url(wrong)


def test_a_field_key_looks_like_one() -> None:
    assert field_key(" UDF1text ") == "udf1text"
    for wrong in ("mobile", "udftext", "udf1", "udf1text }", ""):
        with pytest.raises(Rejected):
            field_key(wrong)


@pytest.mark.parametrize(
    ("labels", "key"),
    [
        (["Mobile"], "udf0text"),
        (["Pager", "CELL  Phone"], "udf1text"),
        (["cell", "Mobile Phone"], "udf1text"),
        (["Cell number", "cell number"], "udf0text"),
        (["mobile phone of the partner", "Mobiles"], None),
    ],
)
def test_the_mobile_field_is_known_by_one_of_six_names(labels: list[str], key: str | None) -> None:
    found = mobile_among([{"columnName": f"udf{at}text", "label": label} for at, label in enumerate(labels)])
    assert (found.key if found else None) == key


def test_values_that_cannot_be_right_are_refused_before_anything_is_sent(
    account: Any, connected: Callable[..., SuperOps]
) -> None:
    for wrong in (
        {"token": ""},
        {"token": "a b"},
        {"technician": "sam"},
        {"mobile_field": "mobile"},
        {"region": "mars"},
    ):
        with pytest.raises(Rejected) as problem:
            connected(**wrong)
        assert TOKEN not in str(problem.value)
    assert account.requests() == 0


CREDENTIALS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"token": "api-wrong"}, "does not accept the API token"),
    ({}, {"subdomain": "otherfirm"}, "does not know the subdomain"),
    ({"token_revoked": True}, {}, "generated anew"),
    ({"subdomain_unknown": True}, {}, "does not know the subdomain"),
    ({"account": "subscription_paused"}, {}, "is paused"),
    ({"account": "subscription_cancelled"}, {}, "is cancelled"),
    ({"account": "subscription_trial_expired"}, {}, "trial"),
]


@pytest.mark.parametrize("number", range(len(CREDENTIALS)))
def test_a_refused_account_is_said_and_left_alone(
    account: Any, connected: Callable[..., SuperOps], number: int
) -> None:
    faults, values, words = CREDENTIALS[number]
    account.faults(**faults)
    psa = connected(**values)
    with pytest.raises(BadCredentials, match=words) as problem:
        psa.whoami()
    assert problem.value.permanent
    assert TOKEN not in str(problem.value)
    asked = account.requests()
    with pytest.raises(BadCredentials, match=words):
        psa.members()
    assert account.requests() == asked


def test_the_services_own_limit_is_told_and_background_work_waits(
    account: Any, connected: Callable[..., SuperOps]
) -> None:
    ledger = SqliteLedger()
    person, work = (
        connected(gate=Gate(ledger, "k", "SuperOps", LIMITS, lane)) for lane in (Lane.PERSON, Lane.BACKGROUND)
    )
    account.faults(requests_per_minute=1)
    person.whoami()
    with pytest.raises(RateLimited) as problem:
        person.whoami()
    assert problem.value.retry_after == 60
    asked = account.requests()
    with pytest.raises(RateLimited):
        work.whoami()
    assert account.requests() == asked


def test_our_own_budget_is_below_the_lower_of_the_two_limits_that_are_told() -> None:
    assert isinstance(LIMITS, Limits)
    assert LIMITS.budget / LIMITS.window * 60 <= 80


@pytest.mark.parametrize("fault", [{"bad_gateway": True}, {"internal_error_on_read": True}, {"down": True}])
def test_a_read_that_fails_is_not_ambiguous(account: Any, superops: SuperOps, fault: dict[str, Any]) -> None:
    account.faults(**fault)
    with pytest.raises(Unavailable) as problem:
        superops.ticket(account.ticket("webmail"))
    assert not problem.value.ambiguous
    assert "<" not in str(problem.value)


def test_one_bad_gateway_is_asked_again_for_a_read_and_never_for_a_write(account: Any, superops: SuperOps) -> None:
    ticket = account.ticket("webmail")
    account.faults(bad_gateway=1)
    assert superops.ticket(ticket).ref == ticket
    account.faults(bad_gateway=1)
    with pytest.raises(Unavailable) as problem:
        superops.post_note(ticket, "x")
    assert problem.value.ambiguous
    assert account.requests() == 3


class _Scripted(BaseHTTPRequestHandler):
    answer: tuple[int, bytes] = (200, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body = type(self).answer
        self.send_response(status)
        self.send_header("Location", "https://elsewhere.example/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def scripted() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Scripted)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


OTHER = b'{"data": {"getTicket": {"ticketId": "2", "subject": "another"}, "getClientUser": {"userId": "2"}}}'
ODD: list[tuple[int, bytes, type[PsaError]]] = [
    (200, b"", Unavailable),
    (200, b"<html>Sign in</html>", Unavailable),
    (200, b"[]", Unavailable),
    (200, b'{"data": null}', Unavailable),
    (200, b'{"data": {}, "errors": [{"message": null}]}', Unavailable),
    (200, b'{"data": {}, "errors": "no"}', Unavailable),
    (200, b'{"data": {"getTicket": null, "getClientUser": null}}', NotFound),
    (200, OTHER, NotFound),
    (200, b'{"data": {"getTicket": "text", "getClientUser": []}}', NotFound),
    (200, b'{"errors": [{"extensions": {"clientError": [{"code": "new_code"}]}}], "data": {}}', Rejected),
    (200, b'{"errors": [{"extensions": {"clientError": [{}]}}], "data": {}}', Unavailable),
    (302, b"", Unavailable),
    (403, b"<html>firewall</html>", Rejected),
    (500, b"{}", Unavailable),
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_an_odd_answer_is_never_taken_for_a_record(
    scripted: str, connected: Callable[..., SuperOps], number: int
) -> None:
    status, body, kind = ODD[number]
    _Scripted.answer = (status, body)
    for ask in (lambda psa: psa.ticket("1"), lambda psa: psa.contact("1")):
        with pytest.raises(PsaError) as problem:
            ask(connected(region=scripted))
        assert type(problem.value).__mro__.index(kind) >= 0
        assert "<" not in str(problem.value)
        assert "elsewhere" not in str(problem.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"data": {}}',
        b'{"data": {"createTicketNote": null}}',
        b'{"data": {"createTicketNote": {"content": "x"}}}',
    ],
)
def test_a_write_without_a_proper_answer_is_ambiguous(
    scripted: str, connected: Callable[..., SuperOps], body: bytes
) -> None:
    _Scripted.answer = (200, body)
    with pytest.raises(Unavailable) as problem:
        connected(region=scripted).post_note("1", "x")
    assert problem.value.ambiguous


def test_a_connector_shows_neither_token_nor_person(superops: SuperOps) -> None:
    assert TOKEN not in f"{superops!r}{vars(superops)}"
    assert "verify@" not in repr(superops)
