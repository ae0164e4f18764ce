"""The signed address of an insight, in the shape that was seen in the wild, and the LiveLink."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulators.autotask.conftest import Autotask

BASE = "https://pod.example/autotask/insight"
PLAIN = (
    "isdarktheme=False&psaversion=2026.2.1.100001&resourceid=29680011&insightkey=ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "&vendorid=900&vendorsuppliedid=0123456789abcdef0123456789abcdef&entityid=148213"
)
SORTED = (
    "entityid=148213&insightkey=ABCDEFGHIJKLMNOPQRSTUVWXYZ&isdarktheme=False&psaversion=2026.2.1.100001"
    "&resourceid=29680011&vendorid=900&vendorsuppliedid=0123456789abcdef0123456789abcdef"
)
VALUES = "False2026.2.1.10000129680011ABCDEFGHIJKLMNOPQRSTUVWXYZ9000123456789abcdef0123456789abcdef148213"
KEYS = "0123456789abcdef0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZ"


def over(text: str) -> str:
    return base64.b64encode(hmac.new(b"not-so-secret", text.encode(), hashlib.sha1).digest()).decode()


def address(psa: Autotask, ticket: int = 148213, **query: str) -> str:
    shown = psa.shown(ticket, **query)
    assert len(shown) == 1
    return str(shown[0]["url"])


@pytest.mark.parametrize(
    ("canonicaliser", "text"),
    [("url", f"{BASE}?{PLAIN}"), ("query", PLAIN), ("sorted", SORTED), ("values", VALUES), ("keys", KEYS)],
)
def test_the_address_has_the_observed_shape_and_a_signature_of_each_kind(
    psa: Autotask, canonicaliser: str, text: str
) -> None:
    psa.insight()
    psa.faults(insight_canonicaliser=canonicaliser)
    found = address(psa)
    assert found == f"{BASE}?{PLAIN}&signature={over(text)}"
    assert re.fullmatch(r"[A-Za-z0-9+/]{27}=", found.partition("&signature=")[2])


def test_person_and_theme_are_in_the_address(psa: Autotask) -> None:
    psa.insight()
    assert "isdarktheme=True&" in address(psa, dark="1")
    assert "&resourceid=29680012&" in address(psa, agent="priya")
    assert "&entityid=148219&" in address(psa, 148219)
    assert address(psa, 148219) != address(psa)


@pytest.mark.parametrize(
    ("faults", "pattern"),
    [
        ({"insight_signature": "wrong"}, r"&signature=A{27}=$"),
        ({"insight_signature": "missing"}, r"&entityid=148219$"),
        ({"insight_key": False}, r"resourceid=\d+&vendorid=900&"),
        ({"insight_resource": "api user"}, r"&resourceid=29689999&"),
        ({"insight_entity": 148221}, r"&entityid=148221&"),
        ({"insight_plus": True}, r"&signature=(?=.*\+)(?=.*/)[A-Za-z0-9+/]{27}=$"),
        ({"insight_plus": True, "insight_encoded": True}, r"&signature=(?=.*%2B)(?=.*%2F)[A-Za-z0-9%]+%3D$"),
    ],
)
def test_each_oddity_of_the_address_can_be_had(psa: Autotask, faults: dict[str, object], pattern: str) -> None:
    psa.insight()
    psa.faults(**faults)
    assert re.search(pattern, address(psa, 148219))


def test_a_replayed_signature_is_that_of_the_first_address(psa: Autotask) -> None:
    psa.insight()
    first = address(psa)
    psa.faults(insight_signature="replayed")
    later = address(psa, 148219, agent="priya")
    assert later.partition("&signature=")[2] == first.partition("&signature=")[2]
    assert "&entityid=148219&" in later


def test_an_insight_stands_only_where_an_administrator_put_it(psa: Autotask) -> None:
    key = psa.insight(height=420)
    assert psa.shown()[0]["height"] == 420
    assert psa.shown(148221) == []  # a category without insights
    psa.control("records/IntegrationVendorInsights", {"id": key, "isActive": False})
    assert psa.shown() == []
    psa.control("records/IntegrationVendorInsights", {"id": key, "isActive": True, "insightCategory": 2})
    assert psa.shown() == []
    psa.control("records/IntegrationVendorInsights", {"id": key, "insightCategory": 1})
    psa.faults(vendor_insights=False)
    assert psa.shown() == []


def test_a_livelink_sends_the_tickets_values_by_form_post(psa: Autotask) -> None:
    fields = {"ticketId": "ticket.id", "who": "resource.userName", "contactId": "contact.id"}
    link = {
        "name": "Verify caller",
        "url": "https://pod.example/livelink",
        "fields": fields,
        "fixed": {"tenant": "n&1"},
    }
    psa.control("livelinks", link)
    page = requests.get(f"{psa.url}/autotask/livelink/148213?agent=priya", timeout=5)
    assert '<form id="link" method="POST" action="https://pod.example/livelink">' in page.text
    for name, value in (
        ("tenant", "n&amp;1"),
        ("ticketId", "148213"),
        ("who", "priya@northgate.example"),
        ("contactId", "30683077"),
    ):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page.text
    assert "form-action 'self' https://pod.example" in page.headers["Content-Security-Policy"]
    debug = requests.get(f"{psa.url}/autotask/livelink/148221?debug=1", timeout=5).text
    assert "tenant=n%261&amp;ticketId=148221&amp;who=sam%40northgate.example&amp;contactId=<" in debug
    assert "livelink.js" not in debug


@pytest.mark.parametrize(
    "link",
    [{}, {"url": "ftp://pod.example"}, {"url": "https://pod.example", "fields": {"a": "ticket.secret"}}],
)
def test_a_livelink_that_makes_no_sense_is_refused_with_a_sentence(psa: Autotask, link: dict[str, object]) -> None:
    answer = requests.post(f"{psa.url}/autotask/_control/livelinks", json=link, timeout=5)
    assert answer.status_code == 400 and answer.json()["error"].endswith(".")
    assert requests.get(f"{psa.url}/autotask/livelink/148213", timeout=5).status_code == 404
