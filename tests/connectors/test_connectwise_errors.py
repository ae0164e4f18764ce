"""Every refusal of ConnectWise becomes one of the few errors that callers know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.base import BadCredentials, MissingPermission, NotFound, PsaError, RateLimited, Rejected, Unavailable
from connectors.connectwise import ConnectWise

API = "/v2025_1/apis/3.0"
WHO = "/system/myMembers/info"
TICKET = "/service/tickets/48213"
NOTES = TICKET + "/notes"
SECURITY = {"code": "Security", "message": "You do not have security permission to perform this action."}


def test_wrong_keys_are_bad_credentials(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", WHO, status=401, data={"code": "Unauthorized", "message": "Authorization failed"})
    with pytest.raises(BadCredentials, match="API keys") as caught:
        cw.whoami()
    assert caught.value.permanent


@pytest.mark.parametrize("status", [400, 401, 403])
def test_user_not_authenticated_is_bad_credentials_by_any_status(psa: Any, cw: ConnectWise, status: int) -> None:
    psa.on("GET", WHO, status=status, data={"code": "ConnectWiseApi", "message": "UserNotAuthenticated"})
    with pytest.raises(BadCredentials):
        cw.whoami()


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_client_id_is_named(psa: Any, cw: ConnectWise, status: int) -> None:
    psa.on("GET", WHO, status=status, data={"code": "Unauthorized", "message": "A clientId header is required."})
    with pytest.raises(BadCredentials, match="client ID"):
        cw.whoami()


@pytest.mark.parametrize(("status", "data"), [(200, None), (404, {"code": "NotFound"})])
def test_an_unknown_company_is_bad_credentials(psa: Any, cw: ConnectWise, status: int, data: Any) -> None:
    psa.on("GET", "/login/companyinfo/northgate", status=status, data=data)
    with pytest.raises(BadCredentials, match="does not know the company northgate"):
        cw.whoami()


@pytest.mark.parametrize("cloud", [True, "True"])
def test_on_the_cloud_a_404_for_everything_is_bad_credentials(psa: Any, cw: ConnectWise, cloud: object) -> None:
    psa.on("GET", "/login/companyinfo/northgate", data={"Codebase": "v2025_1/", "IsCloud": cloud})
    psa.on("GET", WHO, status=404, raw=b"<html>404</html>")
    for ask in (cw.whoami, lambda: cw.ticket("48213"), lambda: cw.post_note("48213", "x")):
        with pytest.raises(BadCredentials):
            ask()


def test_on_the_cloud_a_404_for_one_record_is_not_found(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", "/login/companyinfo/northgate", data={"Codebase": "v2025_1/", "IsCloud": True})
    with pytest.raises(NotFound):
        cw.ticket("48213")


@pytest.mark.parametrize("body", [{"data": {"code": "NotFound", "message": "gone"}}, {"raw": b"<html>404</html>"}])
def test_a_missing_record_is_not_found(psa: Any, cw: ConnectWise, body: dict[str, Any]) -> None:
    psa.on("GET", TICKET, status=404, **body)
    with pytest.raises(NotFound) as caught:
        cw.ticket("48213")
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("method", "path", "ask", "right"),
    [
        ("GET", TICKET, lambda cw: cw.ticket("48213"), "Service Desk / Service Tickets: Inquire"),
        ("POST", NOTES, lambda cw: cw.post_note("48213", "x"), "Service Desk / Service Tickets: Add"),
        ("GET", NOTES, lambda cw: cw.find_note("48213", "x"), "Service Desk / Service Tickets: Inquire"),
        ("GET", "/company/contacts/77", lambda cw: cw.contact("77"), "Companies / Contacts: Inquire"),
        ("GET", "/company/contacts", lambda cw: cw.contacts("250"), "Companies / Contacts: Inquire"),
        ("GET", "/company/companies", lambda cw: cw.companies(), "Companies / Company Maintenance: Inquire"),
        ("GET", "/service/boards", lambda cw: cw.boards(), "System / Table Setup: Inquire"),
        ("GET", "/service/priorities", lambda cw: cw.priorities(), "System / Table Setup: Inquire"),
        ("GET", "/system/members", lambda cw: cw.members(), "System / Member Maintenance: Inquire"),
    ],
)
def test_a_403_names_the_missing_right_and_its_place(
    psa: Any, cw: ConnectWise, method: str, path: str, ask: Callable[[ConnectWise], object], right: str
) -> None:
    psa.on(method, path, status=403, data=SECURITY)
    with pytest.raises(MissingPermission, match="Grant it under System > Security Roles > ") as caught:
        ask(cw)
    assert caught.value.right == right
    assert right in str(caught.value)


def test_a_403_of_a_firewall_is_no_missing_right(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", TICKET, status=403, raw=b"<html>Forbidden</html>")
    with pytest.raises(Unavailable, match="firewall"):
        cw.ticket("48213")


def test_the_wrong_host_is_rejected_with_what_to_do(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", WHO, status=403, data={"code": "Security", "message": "SSL is required.", "errors": None})
    with pytest.raises(Rejected, match="api- host"):
        cw.whoami()


def test_too_many_requests_carry_the_wait(psa: Any, cw: ConnectWise) -> None:
    body = {"error": "ConnectWiseAPI", "message": "Too many requests. Please try again in 30 seconds."}
    psa.on("GET", TICKET, status=429, data=body, headers={"Retry-After": "12"})
    with pytest.raises(RateLimited) as caught:
        cw.ticket("48213")
    assert (caught.value.retry_after, caught.value.permanent, caught.value.ambiguous) == (12, False, False)


def test_too_many_requests_without_a_wait_have_a_default(psa: Any, cw: ConnectWise) -> None:
    psa.on("POST", NOTES, status=429, raw=b"slow down")
    with pytest.raises(RateLimited) as caught:
        cw.post_note("48213", "x")
    assert caught.value.retry_after == 30


@pytest.mark.parametrize("status", [400, 405, 409, 415, 422])
def test_a_refused_request_carries_connectwises_own_words(psa: Any, cw: ConnectWise, status: int) -> None:
    errors = [{"code": "MissingRequiredItem", "message": "text is\r\nrequired", "field": "text"}, "odd", {"message": 7}]
    psa.on("POST", NOTES, status=status, data={"code": "InvalidObject", "message": "note is invalid", "errors": errors})
    with pytest.raises(Rejected, match="note is invalid text is required") as caught:
        cw.post_note("48213", "x")
    assert caught.value.permanent


@pytest.mark.parametrize(
    "data", [None, [], "text", {"errors": None}, {"code": "InvalidPatch", "errors": {}}, {"message": 3}]
)
def test_odd_error_bodies_are_still_rejected(psa: Any, cw: ConnectWise, data: Any) -> None:
    psa.on("GET", TICKET, status=400, data=data)
    with pytest.raises(Rejected, match="HTTP 400"):
        cw.ticket("48213")


@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504])
def test_trouble_at_connectwise_is_unavailable(psa: Any, cw: ConnectWise, status: int) -> None:
    psa.on("GET", TICKET, status=status, raw=b"<html><h1>Server Error</h1></html>")
    with pytest.raises(Unavailable) as caught:
        cw.ticket("48213")
    assert not caught.value.ambiguous
    assert "<" not in str(caught.value)


@pytest.mark.parametrize(
    "script",
    [
        {"status": 500, "raw": b"<html>"},
        {"status": 502, "raw": b"<html>"},
        {"status": 201, "raw": b"<html>Sign in</html>"},
        {"status": 201, "data": ["not", "a", "note"]},
        {"status": 201, "data": {"text": "no id"}},
        {"status": 201, "data": {"id": 1}, "cut": 4},
        {"cut": -1},
        {"delay": 3.0},
    ],
)
def test_a_write_without_a_readable_answer_is_ambiguous_and_sent_once(
    psa: Any, connect: Callable[..., ConnectWise], script: dict[str, Any]
) -> None:
    psa.on("POST", NOTES, **script)
    with pytest.raises(Unavailable) as caught:
        connect(psa.url, timeout=0.4).post_note("48213", "x")
    assert caught.value.ambiguous
    assert len(psa.calls("POST", "/notes")) == 1


@pytest.mark.parametrize("raw", [b"<html>Sign in</html>", b"", b"[]", b"7"])
def test_a_page_in_place_of_data_is_unavailable(psa: Any, cw: ConnectWise, raw: bytes) -> None:
    psa.on("GET", TICKET, raw=raw)
    with pytest.raises(Unavailable) as caught:
        cw.ticket("48213")
    assert not caught.value.ambiguous


@pytest.mark.parametrize("data", [{"id": 1}, [7], None])
def test_a_list_that_is_none_is_unavailable(psa: Any, cw: ConnectWise, data: Any) -> None:
    psa.on("GET", "/service/boards", data=data)
    with pytest.raises(Unavailable):
        cw.boards()


def test_a_redirect_takes_the_keys_nowhere(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", TICKET, status=302, data={}, headers={"Location": psa.url + API + WHO})
    with pytest.raises(Unavailable, match="not followed"):
        cw.ticket("48213")
    assert psa.calls("GET", WHO) == []


def test_a_server_that_is_off_is_unavailable(connect: Callable[..., ConnectWise], closed_port: int) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        connect(f"http://127.0.0.1:{closed_port}").whoami()


def test_a_secret_that_connectwise_echoes_is_hidden(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", TICKET, status=400, data={"message": "bad key demoPrivateKey01 of demoPublicKey01"})
    with pytest.raises(Rejected) as caught:
        cw.ticket("48213")
    assert "demoP" not in str(caught.value)


def test_neither_the_connector_nor_its_errors_show_a_key(psa: Any, cw: ConnectWise, reply: Any) -> None:
    shown = [repr(cw), str(cw), repr(cw.__dict__)]
    replies = [reply(status, SECURITY) for status in (400, 401, 403, 404, 409, 429, 500)] + [
        reply(cut=-1),
        reply(cut=-1),
    ]
    psa.on("GET", TICKET, *replies)
    for _ in replies[:-1]:
        with pytest.raises(PsaError) as caught:
            cw.ticket("48213")
        shown += [str(caught.value), repr(caught.value), repr(caught.value.__context__)]
    assert not [text for text in shown if "demoP" in text or "bm9ydGhnYXRl" in text]


@pytest.mark.parametrize("field", ["company", "public_key", "private_key", "client_id"])
@pytest.mark.parametrize("value", ["", "two words", "line\r\nX-Evil: 1", "nul\x00", "schlüssel", "x" * 300])
def test_credentials_that_cannot_be_header_values_are_refused_before_anything_is_sent(
    psa: Any, connect: Callable[..., ConnectWise], field: str, value: str
) -> None:
    with pytest.raises(Rejected) as caught:
        connect(psa.url, **{field: value})
    assert not value or value not in str(caught.value)
    assert psa.received == []


@pytest.mark.parametrize("company", ["a+b", "a:b", "a;b", "a/b", "../x", 'a"b'])
def test_a_company_that_would_change_the_user_name_or_the_path_is_refused(
    psa: Any, connect: Callable[..., ConnectWise], company: str
) -> None:
    with pytest.raises(Rejected):
        connect(psa.url, company=company)
