"""Who a browser claims to be counts only when ConnectWise says so, and only for exactly that member."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from connectors.base import BadCredentials, PsaError, RateLimited, Unavailable
from connectors.connectwise import ConnectWise
from connectors.connectwise.address import SiteAddress

WHO = "/system/myMembers/info"
HASH = "0f3c1c9e-1111-4222-8333-444455556666"
SAM = {"id": 186, "identifier": "Sam", "fullName": "Sam Okafor", "licenseClass": "F", "inactiveFlag": False}


def test_cookies_come_first_and_carry_the_configured_company(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", WHO, data=SAM)
    member = cw.confirm_member("sam", HASH, "web")
    assert (member.ref, member.identifier, member.name) == ("186", "Sam", "Sam Okafor")
    headers = psa.received[-1].headers
    assert headers["cookie"] == f"companyName=northgate; memberId=sam; memberHash={HASH}; memberContext=web"
    assert "authorization" not in headers
    assert headers["clientid"]


@pytest.mark.parametrize("first", [{"status": 401}, {"status": 403}, {"raw": b"<html>Sign in</html>"}, {"status": 302}])
def test_basic_with_the_hash_comes_second(psa: Any, cw: ConnectWise, reply: Any, first: dict[str, Any]) -> None:
    psa.on("GET", WHO, reply(**first), reply(data=SAM))
    assert cw.confirm_member("SAM", HASH, "web").identifier == "Sam"
    headers = psa.received[-1].headers
    assert base64.b64decode(headers["authorization"].split()[1]).decode() == f"northgate+SAM:{HASH}"
    assert "cookie" not in headers


def test_the_browsers_host_is_asked_before_the_api_host(
    psa: Any, connect: Callable[..., ConnectWise], reply: Any
) -> None:
    connector = connect(psa.url)
    there = psa.url.replace("127.0.0.1", "localhost")
    connector._api.address = SiteAddress(ui_origin=there, api_origin=psa.url, cloud=True)
    psa.on("GET", WHO, reply(401), reply(401), reply(data=SAM))
    connector.confirm_member("sam", HASH, "web")
    hosts = [r.headers["host"].split(":")[0] for r in psa.calls("GET", WHO)]
    assert hosts == ["localhost", "localhost", "127.0.0.1"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_of_every_form_is_a_refusal(psa: Any, cw: ConnectWise, status: int) -> None:
    psa.on("GET", WHO, status=status, data={"code": "Unauthorized", "message": HASH})
    with pytest.raises(BadCredentials) as caught:
        cw.confirm_member("sam", HASH, "web")
    assert HASH not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        SAM | {"identifier": "priya"},
        SAM | {"identifier": "sam2"},
        SAM | {"identifier": ""},
        SAM | {"identifier": None},
        SAM | {"identifier": ["sam"]},
        {"id": 186},
        {},
        SAM | {"inactiveFlag": True},
        SAM | {"inactiveFlag": "True"},
        SAM | {"licenseClass": "A"},
        SAM | {"licenseClass": None},
    ],
)
def test_an_answer_that_is_not_exactly_this_active_person_is_a_refusal(
    psa: Any, cw: ConnectWise, answer: dict[str, Any]
) -> None:
    psa.on("GET", WHO, data=answer)
    with pytest.raises(BadCredentials):
        cw.confirm_member("sam", HASH, "web")
    assert len(psa.calls("GET", WHO)) == 1


def test_a_letter_that_only_looks_the_same_in_lower_case_is_another_name(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", WHO, data=SAM | {"identifier": "\u212aim"})
    with pytest.raises(BadCredentials):
        cw.confirm_member("kim", HASH, "web")


@pytest.mark.parametrize("licence", ["F", "X", "C"])
def test_people_have_three_kinds_of_licence(psa: Any, cw: ConnectWise, licence: str) -> None:
    psa.on("GET", WHO, data=SAM | {"licenseClass": licence})
    assert not cw.confirm_member("sam", HASH, "web").api_only


UNSAFE = [
    "",
    " ",
    "a;b",
    "a,b",
    'a"b',
    "a\\b",
    "a\r\nX: 1",
    "a\nb",
    "a\x00b",
    "ä",
    "a\u2028",
    "\x7f",
    " a",
    "a ",
    "x" * 2049,
]


@pytest.mark.parametrize("field", [0, 1, 2])
@pytest.mark.parametrize("value", UNSAFE)
def test_nothing_unsafe_is_ever_sent(psa: Any, cw: ConnectWise, field: int, value: str) -> None:
    claim = ["sam", HASH, "web"]
    claim[field] = value
    with pytest.raises(BadCredentials, match="not in its usual form"):
        cw.confirm_member(*claim)
    assert psa.received == []


@pytest.mark.parametrize("identifier", ["a:b", "a b", "x" * 101])
def test_an_identifier_is_narrower_than_a_hash(psa: Any, cw: ConnectWise, identifier: str) -> None:
    with pytest.raises(BadCredentials):
        cw.confirm_member(identifier, HASH, "web")
    assert psa.received == []


@pytest.mark.parametrize("script", [{"status": 500, "raw": b"<html>"}, {"status": 503, "raw": b""}, {"cut": -1}])
def test_trouble_is_not_a_refusal(psa: Any, cw: ConnectWise, script: dict[str, Any]) -> None:
    psa.on("GET", WHO, **script)
    with pytest.raises(Unavailable):
        cw.confirm_member("sam", HASH, "web")


def test_silence_is_not_a_refusal(psa: Any, connect: Callable[..., ConnectWise]) -> None:
    psa.on("GET", WHO, data=SAM, delay=3)
    with pytest.raises(Unavailable):
        connect(psa.url, timeout=0.3).confirm_member("sam", HASH, "web")


def test_a_refused_connection_is_not_a_refusal(connect: Callable[..., ConnectWise], closed_port: int) -> None:
    with pytest.raises(Unavailable):
        connect(f"http://127.0.0.1:{closed_port}").confirm_member("sam", HASH, "web")


def test_throttling_is_not_a_refusal(psa: Any, cw: ConnectWise) -> None:
    psa.on("GET", WHO, status=429, data={}, headers={"Retry-After": "5"})
    with pytest.raises(RateLimited):
        cw.confirm_member("sam", HASH, "web")


def test_a_moved_codebase_does_not_lock_members_out(psa: Any, cw: ConnectWise) -> None:
    cw.whoami()
    psa.on("GET", "/login/companyinfo/northgate", data={"Codebase": "v2025_2/"})
    psa.on("GET", WHO, status=404)
    psa.on("GET", "/v2025_2/apis/3.0" + WHO, data=SAM)
    assert cw.confirm_member("sam", HASH, "web").ref == "186"


def test_nothing_of_a_sign_in_is_logged(
    psa: Any, cw: ConnectWise, reply: Any, caplog: pytest.LogCaptureFixture
) -> None:
    psa.on("GET", WHO, reply(401), reply(cut=-1), reply(429))
    for _ in range(2):
        with pytest.raises(PsaError):
            cw.confirm_member("sam", HASH, "contextword")
    basic = base64.b64encode(f"northgate+sam:{HASH}".encode()).decode()
    for record in caplog.records:
        assert not [word for word in (HASH, "contextword", basic, "Cookie") if word in record.getMessage()]
