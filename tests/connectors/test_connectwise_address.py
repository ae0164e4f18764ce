"""What an admin types as the ConnectWise site, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Rejected
from connectors.connectwise import api_base, parse_site, ui_origin


@pytest.mark.parametrize(
    ("typed", "ui", "api"),
    [
        ("na.myconnectwise.net", "https://na.myconnectwise.net", "https://api-na.myconnectwise.net"),
        ("  https://NA.MyConnectWise.net/ ", "https://na.myconnectwise.net", "https://api-na.myconnectwise.net"),
        ("api-na.myconnectwise.net", "https://na.myconnectwise.net", "https://api-na.myconnectwise.net"),
        ("https://api-aus.myconnectwise.net", "https://aus.myconnectwise.net", "https://api-aus.myconnectwise.net"),
        ("eu.myconnectwise.net:443", "https://eu.myconnectwise.net", "https://api-eu.myconnectwise.net"),
        (
            "staging.connectwisedev.com",
            "https://staging.connectwisedev.com",
            "https://api-staging.connectwisedev.com",
        ),
        ("psa.northgate.example", "https://psa.northgate.example", "https://psa.northgate.example"),
        ("api-psa.northgate.example:8443", "https://api-psa.northgate.example:8443", None),
        ("https://psa.northgate.example:443", "https://psa.northgate.example", None),
        ("http://localhost:8100", "http://localhost:8100", None),
        ("http://127.0.0.1:8100/", "http://127.0.0.1:8100", None),
        ("http://[::1]:8100", "http://[::1]:8100", None),
        ("http://localhost:80", "http://localhost", None),
    ],
)
def test_a_site_becomes_the_browsers_origin_and_the_api_base(typed: str, ui: str, api: str | None) -> None:
    assert ui_origin(typed) == ui
    assert api_base(typed) == (api or ui)


def test_only_the_cloud_has_two_hosts() -> None:
    assert parse_site("za.myconnectwise.net").cloud
    assert not parse_site("psa.northgate.example").cloud
    assert not parse_site("na.myconnectwise.net.evil.example").cloud
    assert api_base("na.myconnectwise.net.evil.example") == "https://na.myconnectwise.net.evil.example"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "northgate",
        "http://na.myconnectwise.net",
        "http://psa.northgate.example",
        "http://10.0.0.5",
        "ftp://psa.northgate.example",
        "javascript://psa.northgate.example",
        "https://",
        "https:///psa.northgate.example",
        "//psa.northgate.example",
        "https://sam:pass@psa.northgate.example",
        "https://na.myconnectwise.net@evil.example",
        "https://psa.northgate.example/v4_6_release",
        "https://psa.northgate.example?x=1",
        "https://psa.northgate.example#x",
        "psa.northgate.example\\evil.example",
        "psa.northgate.example\r\nX-Evil: 1",
        "psa.northgate.example\t",
        "psa.northgate.example\x00",
        "psa northgate.example",
        "psa.northgate.example; script-src *",
        "psa.northgate.example, evil.example",
        "'self'",
        "*.myconnectwise.net",
        "*",
        "psä.northgate.example",
        "psa。northgate.example",
        "psa..northgate.example",
        "psa.northgate.example.",
        "-psa.northgate.example",
        "psa_1.northgate.example",
        "psa.northgate.example:0",
        "psa.northgate.example:65536",
        "psa.northgate.example:",
        "psa.northgate.example:80:80",
        "na.myconnectwise.net:8443",
        "192.168.1.20",
        "169.254.169.254",
        "https://[fe80::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "0177.0.0.01",
        "psa.0x7f",
        "a" * 64 + ".example",
        "a." * 200 + "example",
    ],
)
def test_anything_else_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(Rejected, match=r"ConnectWise.*\.$"):
        parse_site(typed)


@given(st.text(max_size=60))
def test_whatever_is_typed_the_result_is_a_bare_origin_or_a_refusal(typed: str) -> None:
    try:
        address = parse_site(typed)
    except Rejected:
        return
    for origin in (address.ui_origin, address.api_origin):
        scheme, rest = origin.split("://")
        assert scheme == "https" or rest.split(":")[0] in ("localhost", "127.0.0.1", "[")
        assert not set(rest) & set("/?#@\\;,*' \"")
