"""What of a token is believed: a table of every claim that has to agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podserver.delivery.microsoft import Cloud
from podserver.microsoft import claims

CLOUD = Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com", "https://push.example", None)
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TID, OID, APP = ("8f2b4c1d-7a35-4e69-b0d8-15c3e9a00002", "0b1c0000-0000-4000-8000-000000000001", "the-app")
STRANGER = "e90a7b53-36f4-4c8e-a1d5-4b0f8c200004"


def token(**changed: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "iss": f"https://login.microsoftonline.com/{TID}/v2.0",
        "aud": APP,
        "tid": TID,
        "oid": OID,
        "iat": NOW.timestamp() - 5,
        "nbf": NOW.timestamp() - 5,
        "exp": NOW.timestamp() + 3600,
        "preferred_username": "Dana@Larkfield.example",
        "email": "dana.whitfield@larkfield.example",
    }
    return {name: value for name, value in {**said, **changed}.items() if value is not None}


def read(**changed: Any) -> claims.Account:
    return claims.read(token(**changed), CLOUD, APP, NOW - timedelta(minutes=1), NOW)


def test_a_token_for_us_says_who_it_is() -> None:
    account = read()
    assert (account.directory, account.object_id) == (TID, OID)
    assert (account.upn, account.email) == ("dana@larkfield.example", "dana.whitfield@larkfield.example")
    assert not account.guest and not account.second_factor


BAD = [
    ("issuer", {"iss": f"https://login.microsoftonline.com/{STRANGER}/v2.0"}),
    ("issuer", {"tid": STRANGER}),
    ("issuer", {"iss": f"https://sts.windows.net/{TID}/"}),
    ("issuer", {"iss": f"https://login.microsoftonline.com.evil.example/{TID}/v2.0"}),
    ("issuer", {"iss": None}),
    ("issuer", {"iss": ["https://login.microsoftonline.com"]}),
    ("audience", {"aud": "another-app"}),
    ("audience", {"aud": [APP, "another-app"]}),
    ("audience", {"aud": None}),
    ("directory", {"tid": None}),
    ("directory", {"tid": "organizations"}),
    ("directory", {"tid": f"{TID}/../x"}),
    ("account", {"oid": None}),
    ("account", {"oid": "dana"}),
    ("time", {"exp": NOW.timestamp() - 121}),
    ("time", {"exp": None}),
    ("time", {"exp": "soon"}),
    ("time", {"exp": True}),
    ("time", {"exp": 10**30}),
    ("time", {"nbf": NOW.timestamp() + 121}),
    ("time", {"iat": None}),
    ("age", {"iat": NOW.timestamp() - 60 - 121}),
]


@pytest.mark.parametrize(("part", "changed"), BAD)
def test_a_token_that_is_not_for_us_says_which_part_of_it(part: str, changed: dict[str, Any]) -> None:
    with pytest.raises(claims.BadToken) as refused:
        read(**changed)
    assert str(refused.value) == part


@pytest.mark.parametrize(
    "changed",
    [{"exp": NOW.timestamp() - 119}, {"nbf": NOW.timestamp() + 119}, {"nbf": None}, {"iat": NOW.timestamp() - 170}],
)
def test_clocks_may_differ_by_two_minutes(changed: dict[str, Any]) -> None:
    assert read(**changed).object_id == OID


@pytest.mark.parametrize(
    ("changed", "guest"),
    [
        ({}, False),
        ({"idp": f"https://login.microsoftonline.com/{TID}/v2.0"}, False),
        ({"idp": f"https://sts.windows.net/{TID}/"}, False),
        ({"idp": f"https://sts.windows.net/{STRANGER}/"}, True),
        ({"idp": "live.com"}, True),
        ({"acct": 1}, True),
        ({"acct": 0}, False),
        ({"preferred_username": "dana_larkfield.example#EXT#@harborlegal.example"}, True),
    ],
)
def test_a_guest_is_told_from_somebody_at_home(changed: dict[str, Any], guest: bool) -> None:
    assert read(**changed).guest == guest


@pytest.mark.parametrize(
    ("amr", "second"),
    [(["pwd", "mfa"], True), (["mfa"], True), (["pwd"], False), ("mfa", False), (None, False), ([], False)],
)
def test_a_second_factor_is_what_microsoft_names(amr: Any, second: bool) -> None:
    assert read(amr=amr).second_factor == second


def test_what_is_no_text_is_no_name() -> None:
    account = read(preferred_username=["dana@larkfield.example"], email=7)
    assert (account.upn, account.email) == ("", "")
