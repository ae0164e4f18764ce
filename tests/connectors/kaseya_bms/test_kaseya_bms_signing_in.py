"""How the connector signs in, how long it keeps a token, and what it says where it is not let in."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors.base import BadCredentials, Rejected, Unavailable
from connectors.kaseya_bms import KaseyaBms, api_origin, tokens, totp_secret

LOGIN, REFRESH = "/security/authenticate", "/security/refreshtoken"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ADDRESSES = [
    ("bms.kaseya.com", "https://api.bms.kaseya.com"),
    ("API.bmsemea.kaseya.com", "https://api.bmsemea.kaseya.com"),
    ("https://bmsapac.kaseya.com/", "https://api.bmsapac.kaseya.com"),
    ("https://api.vorexlogin.com/v2", "https://api.vorexlogin.com"),
    (" https://bms.kaseya.com/api ", "https://api.bms.kaseya.com"),
    ("psa.pulseway.com:443", "https://api.psa.pulseway.com"),
    ("api.bms.example:8443", "https://api.bms.example:8443"),
    ("http://localhost:8100", "http://localhost:8100"),
    ("http://127.0.0.1:8100/v2/", "http://127.0.0.1:8100"),
    ("https://[::1]:8100", "https://[::1]:8100"),
]


@pytest.mark.parametrize(("typed", "origin"), ADDRESSES)
def test_what_an_admin_types_becomes_the_apis_origin(typed: str, origin: str) -> None:
    assert api_origin(typed) == origin


@pytest.mark.parametrize(
    "typed",
    ["", "bms", "http://bms.kaseya.com", "ftp://bms.kaseya.com", "me@bms.kaseya.com", "bms.kaseya.com?x=1", "10.0.0.1",
     "0x7f.1", "bms.kaseya.com:0", "bms.kaseya.com:99999", "bms..com", "-bms.com", "bms kaseya.com", "bms.kaseya.com#x",
     "a" * 300 + ".com"],
)  # fmt: skip
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(Rejected):
        api_origin(typed)


@pytest.mark.parametrize("text", ["jbsw y3dp ehpk 3pxp", "JBSWY3DPEHPK3PXP", "JBSW-Y3DP-EHPK-3PXP"])
def test_the_mfa_secret_may_be_typed_as_it_is_shown(text: str) -> None:
    assert totp_secret(text) == "JBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    "wrong", [{"mfa_secret": "123456"}, {"mfa_secret": "JBSWY3DP"}, {"tenant": " "}, {"user": ""}, {"password": ""},
              {"password": "a\nb"}, {"server": "nowhere"}]
)  # fmt: skip
def test_values_that_cannot_be_right_are_refused_before_anything_is_sent(
    bms: Any, reach: Callable[..., KaseyaBms], wrong: dict[str, str]
) -> None:
    with pytest.raises(Rejected):
        reach(**wrong)
    assert bms.asked() == []


def test_a_token_is_kept_and_refreshed_before_its_end(bms: Any, northgate: KaseyaBms) -> None:
    bms.faults(token_seconds=1)
    northgate.whoami()
    northgate.whoami()
    assert [call[1] for call in bms.asked()] == [LOGIN, "/security/userinfo", "/security/userinfo"]
    time.sleep(0.6)
    northgate.whoami()
    assert [call[1] for call in bms.asked()][3:] == [REFRESH, "/security/userinfo"]


def test_a_refresh_that_is_refused_becomes_a_login(
    bms: Any, northgate: KaseyaBms, monkeypatch: pytest.MonkeyPatch
) -> None:
    northgate.whoami()
    # As after a long pause: the token is due, and the server has forgotten the pair.
    monkeypatch.setattr(northgate._api._tokens._token, "renew_at", 0.0)
    bms.control("reset", {})
    northgate.whoami()
    assert [call[1] for call in bms.asked()] == [REFRESH, LOGIN, "/security/userinfo"]


def test_a_token_that_ends_early_is_renewed_once_and_the_write_is_done_once(bms: Any, northgate: KaseyaBms) -> None:
    northgate.whoami()
    bms.control("expire-tokens", {})
    northgate.post_note("1048213", "ref EARLY-1")
    assert [note["details"] for note in bms.notes()][2:] == ["ref EARLY-1"]
    assert len(bms.asked(LOGIN)) == 2


def test_many_threads_renew_a_token_once(bms: Any, northgate: KaseyaBms) -> None:
    northgate.whoami()
    bms.control("expire-tokens", {})
    with ThreadPoolExecutor(4) as pool:
        assert {m.ref for m in pool.map(lambda _: northgate.whoami(), range(4))} == {"3399"}
    assert len(bms.asked(LOGIN)) == 2


def test_a_clock_of_ours_that_is_wrong_does_not_matter(
    bms: Any, northgate: KaseyaBms, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(tokens.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return tokens.datetime(2040, 1, 1, tzinfo=tz)

    monkeypatch.setattr(tokens, "datetime", Later)
    northgate.whoami()
    northgate.whoami()
    assert len(bms.asked(LOGIN)) == 1


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("wrong", [{"password": "x"}, {"tenant": "NorthgateIT"}, {"user": "lena"}])
def test_a_wrong_login_is_bad_credentials_whatever_its_status(
    bms: Any, reach: Callable[..., KaseyaBms], wrong: dict[str, str], status: int
) -> None:
    bms.faults(login_status=status)
    connector = reach(**wrong)
    with pytest.raises(BadCredentials, match="Invalid user name, password or company name"):
        connector.whoami()
    asked = len(bms.asked())
    with pytest.raises(BadCredentials):
        connector.whoami()
    assert len(bms.asked()) == asked


def test_a_company_that_signs_in_elsewhere_is_told_apart(bms: Any, northgate: KaseyaBms) -> None:
    bms.faults(sso_only=True)
    with pytest.raises(BadCredentials, match="SSO"):
        northgate.whoami()


def test_a_user_without_api_access_is_told_so_and_not_signed_in_again_and_again(
    bms: Any, reach: Callable[..., KaseyaBms]
) -> None:
    with pytest.raises(BadCredentials, match="Has API Access"):
        reach(user="no.access").whoami()
    assert [call[1] for call in bms.asked()] == [LOGIN, "/security/userinfo"]


def test_api_access_that_is_taken_away_is_noticed_after_one_new_login(bms: Any, northgate: KaseyaBms) -> None:
    northgate.whoami()
    bms.faults(no_api_access=True)
    with pytest.raises(BadCredentials, match="Has API Access"):
        northgate.ticket("1048213")
    assert len(bms.asked(LOGIN)) == 2


def test_a_second_factor_is_sent_and_a_used_code_does_not_lock_out_the_next_process(
    bms: Any, reach: Callable[..., KaseyaBms]
) -> None:
    first, second = (reach(user="mfa.service", mfa_secret=SECRET) for _ in range(2))
    assert first.whoami().name == second.whoami().name == "Mira Vogt"
    with pytest.raises(BadCredentials, match="MFA"):
        reach(user="mfa.service").whoami()


@pytest.mark.parametrize("fault", ["wrong_host", "html_502", "down", "drop", "server_error"])
def test_what_is_not_a_refusal_of_the_login_is_not_bad_credentials(bms: Any, northgate: KaseyaBms, fault: str) -> None:
    bms.faults(**{fault: True})
    with pytest.raises(Unavailable) as caught:
        northgate.post_note("1048213", "Text")
    assert not caught.value.ambiguous
    if fault == "wrong_host":
        assert "begins with api." in str(caught.value)
    bms.control("faults", {"reset": True})
    assert northgate.whoami().ref == "3399"


@pytest.mark.parametrize("fault", ["login", "call"])
def test_no_message_holds_a_secret(bms: Any, reach: Callable[..., KaseyaBms], fault: str) -> None:
    connector = reach(password="wrong-But-secret", mfa_secret=SECRET)
    if fault == "call":
        connector = reach(user="no.access")
    with pytest.raises(BadCredentials) as caught:
        connector.whoami()
    said = f"{caught.value} {caught.value.__context__} {connector!r} {vars(connector)} {vars(connector._api)}"
    assert not [word for word in ("wrong-But-secret", SECRET, "demo-Bms-1!", "eyJ") if word in said]
