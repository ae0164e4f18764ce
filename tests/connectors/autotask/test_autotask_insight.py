"""Signatures of an insight's address, as the emulator makes them without knowing how they are checked."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.autotask import CANONICALISERS, fitting, is_signed

URL = "https://pod.example/pod/autotask/k1"
ROW = {
    "title": "Caller verification",
    "referenceUrl": URL,
    "secret": "s3cret",
    "insightKey": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "vendorSuppliedID": "0123456789abcdef0123456789abcdef",
    "insightCategory": 1,
}


@pytest.fixture
def address(autotask: Any) -> Any:
    """The query of the address that the ticket's frame gets, with these switches."""
    autotask.control("records/IntegrationVendorInsights", ROW)

    def made(**switches: Any) -> bytes:
        autotask.faults(**switches)
        (shown,) = autotask.control("insights/148213")
        return str(shown["url"]).removeprefix(f"{URL}?").encode()

    return made


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("name", list(CANONICALISERS))
def test_the_right_guess_fits_and_no_other(address: Any, name: str, encoded: bool) -> None:
    query = address(insight_canonicaliser=name, insight_plus=True, insight_encoded=encoded)
    if name != "keys":
        assert (b"%2B" if encoded else b"+") in query.rpartition(b"&signature=")[2]
    assert fitting(URL, query, "s3cret") == [name]
    assert is_signed(URL, query, "s3cret", name)
    assert not is_signed(URL, query, "other", name)
    assert not is_signed(URL, query, "", name)


@pytest.mark.parametrize("switch", ["wrong", "missing"])
def test_a_wrong_or_missing_signature_fits_nothing(address: Any, switch: str) -> None:
    assert fitting(URL, address(insight_signature=switch), "s3cret") == []


@pytest.mark.parametrize("name", list(CANONICALISERS))
def test_another_ticket_is_noticed_exactly_where_the_guess_says_so(address: Any, name: str) -> None:
    query = address(insight_canonicaliser=name).replace(b"entityid=148213", b"entityid=148219")
    assert is_signed(URL, query, "s3cret", name) is not CANONICALISERS[name].covers_record


def test_an_address_without_the_insight_key_can_be_signed_too(address: Any) -> None:
    assert is_signed(URL, address(insight_key=False), "s3cret", "url")


@pytest.mark.parametrize(
    "query", [b"", b"&signature=", b"a=1&signature=AAAA", b"a=1&signature=%%%", "a=é&signature=".encode(), b"\xff"]
)
def test_nonsense_is_not_signed(query: bytes) -> None:
    assert fitting(URL, query, "s3cret") == []
