"""Setting up SuperOps: what is typed, what SuperOps says to it, and what it does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from portal_rig import Browser, Emulators, on_one_database, stored, switches, words

from connectors.superops import SuperOps
from podserver.integrations.fields import clean, completed, live_choices
from podserver.integrations.models import Psa
from podserver.integrations.psas import BadInput, Reach, kind_of

NEW = "/integrations/superops/new"
TOKEN = "api-demoSuperOpsToken01"
KEYS = {
    "subdomain": "https://NorthgateIT.superops.ai/",
    "token": TOKEN,
    "technician": "verify@northgate.example",
    "name": "SuperOps",
}
KIND = kind_of(Psa.SUPEROPS)


@pytest.fixture
def control(emulators: Emulators) -> Iterator[Callable[[str, Any], None]]:
    """Presses the stand-in's switches."""
    yield from switches(emulators, "superops")


@on_one_database
def test_a_token_that_superops_takes_is_saved_with_the_usual_names(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    text = words(admin.post(NEW, {**KEYS, "region": emulators.url}).text)
    assert "SuperOps confirmed the keys as Caller Verify" in text
    assert text.count("✓ Present") == 8 and "✕ Missing" not in text
    (saved,) = stored(app)
    assert (saved.site, saved.origin) == (f"northgateit, {emulators.url}", "")
    assert (saved.values["closed_statuses"], saved.values["request_type"]) == ("Closed", "Incident")
    assert saved.values["mobile_field"] == "" and saved.secrets["token"] == TOKEN and "token" not in saved.values
    lists = words(admin.get(f"/integrations/{saved.id}/lists").text)
    assert "By its name: Mobile phone (udf1text)" in lists


@on_one_database
def test_a_missing_right_is_named_and_does_not_keep_it_from_being_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    control("faults", {"missing_rights": "requester.Edit"})
    text = words(admin.post(NEW, {**KEYS, "region": emulators.url}).text)
    assert "Technician Roles > the technician's role > Requesters > Edit" in text and text.count("✕ Missing") == 1
    assert len(stored(app)) == 1


@on_one_database
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"token": "api-wrong-but-secret"}, "SuperOps does not accept the API token"),
        ({"subdomain": "otherfirm"}, "does not know the subdomain"),
        ({"subdomain": "two words"}, "first part of your SuperOps address"),
        ({"technician": "nobody@northgate.example"}, "no technician with the address"),
        ({"technician": "Sam"}, "e-mail address with which they sign in"),
        ({"region": "mars"}, "The region is us or eu"),
        ({"closed_statuses": "Closed, Gone"}, "SuperOps has no status called Gone. It has: New, In Progress"),
        ({"request_type": "Wish"}, "SuperOps has no request type called Wish"),
    ],
)
def test_what_superops_or_a_rule_refuses_is_told_and_not_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None], change: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    answer = admin.post(NEW, {**KEYS, "region": emulators.url, **change})
    assert sentence in words(answer.text) and "api-wrong-but-secret" not in answer.text
    assert not stored(app)


def test_the_fields_become_a_connector_with_its_closed_statuses_and_mobile_field(
    emulators: Emulators, control: Callable[[str, Any], None]
) -> None:
    values = clean(
        KIND, {**KEYS, "region": emulators.url, "closed_statuses": " closed ,,On Site", "mobile_field": "UDF1text"}
    )
    assert (values["subdomain"], values["closed_statuses"], values["mobile_field"]) == (
        *("northgateit", "closed, On Site", "udf1text"),
    )
    connector = KIND.make(values, Reach())
    assert isinstance(connector, SuperOps)
    assert completed(KIND, values, connector) == values
    assert completed(KIND, {**values, "mobile_field": ""}, connector)["request_type"] == "Incident"
    assert [status.name for status in connector.statuses("") if status.closed] == ["On Site", "Closed"]
    offered = live_choices(KIND, connector)["mobile_field"]
    assert [choice.ref for choice in offered] == ["", "udf1text"]
    with pytest.raises(BadInput, match="looks like udf1text"):
        clean(KIND, {**KEYS, "region": "us", "mobile_field": "Mobile"})
    assert (
        KIND.frame is None
        and KIND.secrets == {"token"}
        and KIND.hosts({**values, "region": "eu"}) == ("https://euapi.superops.ai/msp",)
    )


def test_a_token_goes_nowhere_but_to_its_own_account() -> None:
    values = clean(KIND, {**KEYS, "region": "us"})
    assert KIND.place(values) != KIND.place({**values, "region": "eu"})
    assert KIND.place(values) != KIND.place({**values, "subdomain": "otherfirm"})
