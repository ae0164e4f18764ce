"""Setting up Autotask: what is typed, what Autotask says to it, the publish values of notes, and the insight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from portal_rig import Browser, Emulators, on_one_database, stored, switches, words

from connectors.autotask import CANONICALISERS
from connectors.base import PodSetup
from podserver.database import db
from podserver.integrations.fields import clean, completed
from podserver.integrations.models import Psa
from podserver.integrations.psas import BadInput, Reach, kind_of

NEW = "/integrations/autotask/new"
SECRET = "demo#Secret$1~*"
TYPED = {
    "user": "podapi@northgate.example",
    "api_secret": SECRET,
    "tracking_identifier": "DEMOCUSTOMTRACKING000000001",
    "insight_signature": "off",
    "name": "Autotask",
}
KIND = kind_of(Psa.AUTOTASK)


@pytest.fixture
def control(emulators: Emulators) -> Iterator[Callable[[str, Any], None]]:
    """Presses the stand-in's switches."""
    yield from switches(emulators, "autotask")


@on_one_database
def test_a_user_that_autotask_confirms_is_saved_with_what_can_only_be_meant(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    text = words(admin.post(NEW, {**TYPED, "zone": emulators.url}).text)
    assert "Autotask confirmed the keys as Pod Integration" in text
    assert text.count("✓ Present") == 10 and "✕ Missing" not in text
    (saved,) = stored(app)
    assert saved.origin == emulators.url
    assert [saved.values[name] for name in ("internal_publish", "public_publish", "note_type")] == ["2", "1", "3"]
    assert saved.secrets["api_secret"] == SECRET
    assert not {"api_secret", "tracking_identifier", "insight_secret"} & saved.values.keys()
    page = words(admin.get(f"/integrations/{saved.id}").text)
    assert f"/pod/autotask/{saved.pod_key}" in page and "LiveLinks Designer" in page and SECRET not in page
    lists = words(admin.get(f"/integrations/{saved.id}/lists").text)
    assert "Internal & Co-Managed" in lists and "Workflow Rule Note" not in lists


@on_one_database
@pytest.mark.parametrize("way", ["500", "fewer"])
def test_a_missing_right_is_named_and_does_not_keep_it_from_being_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None], way: str
) -> None:
    right = {"500": "update Contacts", "fewer": "read Companies"}[way]
    control("faults", {"missing_rights": {right: way}})
    text = words(admin.post(NEW, {**TYPED, "zone": emulators.url}).text)
    assert text.count("✕ Missing") == 1
    assert {"500": "Contacts: edit", "fewer": "not only your own"}[way] in text
    assert len(stored(app)) == 1


@on_one_database
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"api_secret": "wrong-But-secret"}, "Autotask does not accept the API user's name and secret"),
        ({"tracking_identifier": "SOMEBODYELSES00000000000001"}, "does not know the tracking identifier"),
        ({"zone": "autotask.evil.example"}, "Leave the zone empty"),
        ({"user": "two words"}, "The user name is none"),
        ({"insight_secret": "short"}, "12 to 64 characters"),
        ({"insight_signature": "url"}, "enter the insight secret"),
    ],
)
def test_what_autotask_or_a_rule_refuses_is_told_and_not_saved(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None], change: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    answer = admin.post(NEW, {**TYPED, "zone": emulators.url, **change})
    assert sentence in words(answer.text)
    assert "wrong-But-secret" not in answer.text
    assert not stored(app)


def test_what_labels_do_not_say_is_left_to_the_admin(emulators: Emulators, control: Callable[[str, Any], None]) -> None:
    values = clean(KIND, {**TYPED, "user": "podapi@nordtor.example", "zone": emulators.url})
    connector = KIND.make(values, Reach())
    whole = completed(KIND, values, connector)
    assert [whole[name] for name in ("internal_publish", "public_publish", "note_type")] == ["2", "1", ""]
    for wrong, words_of_it in (({"public_publish": "2"}, "alike"), ({"note_type": "13"}, "no more")):
        with pytest.raises(BadInput, match=words_of_it):
            completed(KIND, {**whole, **wrong}, connector)


def test_the_fields_say_where_autotask_is_and_who_may_frame_the_pod(emulators: Emulators) -> None:
    values = clean(KIND, {**TYPED, "zone": "WW14.autotask.net"})
    assert KIND.frame is not None and KIND.frame.setups is not None
    assert KIND.frame.origins(values, None) == ("https://ww14.autotask.net", "https://*.autotask.net")
    assert KIND.frame.origins({**values, "zone": ""}, None) == ("https://*.autotask.net",)
    assert KIND.frame.origins({**values, "zone": emulators.url}, None) == (emulators.url,)
    assert KIND.hosts(values) == ("https://webservices2.autotask.net", "https://webservices14.autotask.net")
    # Wherever Autotask moves a database, it is the same one; a stand-in is another.
    assert KIND.place(values) == KIND.place({**values, "zone": "", "user": "PODAPI@northgate.example"})
    assert KIND.place(values) != KIND.place({**values, "zone": emulators.url})
    assert KIND.secrets == {"api_secret", "tracking_identifier", "insight_secret"}
    url = KIND.frame.url("https://pod.example", "k1")
    assert KIND.frame.setups(url, "https://pod.example", 400) == [
        PodSetup("Ticket", "Caller verification", "https://pod.example/pod/autotask/k1", "https://pod.example", 400)
    ]


@on_one_database
def test_a_vendors_insight_is_installed_with_a_secret_that_is_made_up_here(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    vendor = {**TYPED, "tracking_identifier": "DEMOVENDORTRACKING000000001", "zone": emulators.url}
    admin.post(NEW, vendor)
    page = f"/integrations/{stored(app)[0].id}"
    done = words(admin.post(f"{page}/install", {"height": "400"}, page=page).text)
    assert "Ticket: created, row" in done and "place the insight in each ticket category" in done
    (row,) = insights(emulators)
    saved = stored(app)[0]
    assert row["secret"] == saved.secrets["insight_secret"] and len(row["secret"]) > 40
    assert row["referenceUrl"].endswith(f"/pod/autotask/{saved.pod_key}")
    again = words(admin.post(f"{page}/install", {"height": "400"}, page=page).text)
    assert "Ticket: found, row" in again and insights(emulators) == [row]
    assert stored(app)[0].secrets["insight_secret"] == row["secret"]


@on_one_database
def test_an_identifier_that_may_add_no_insight_is_led_to_the_livelink(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None]
) -> None:
    admin.post(NEW, {**TYPED, "zone": emulators.url})
    saved = stored(app)[0]
    page = f"/integrations/{saved.id}"
    assert "Use a LiveLink instead." in words(admin.post(f"{page}/install", {"height": "400"}, page=page).text)
    assert stored(app)[0].secrets["insight_secret"] == "" and insights(emulators) == []
    text = words(admin.get(page).text)
    assert f"/pod/autotask/{saved.pod_key}/livelink" in text and "ticketId" in text


def insights(emulators: Emulators) -> list[dict[str, Any]]:
    address = f"{emulators.url}/autotask/_control/records/IntegrationVendorInsights"
    found: list[dict[str, Any]] = requests.get(address, timeout=10).json()
    return found


def real_address(emulators: Emulators, control: Callable[[str, Any], None], pod_key: str, secret: str) -> str:
    """What Autotask puts into the frame."""
    row = {
        "title": "Caller verification", "referenceUrl": f"http://127.0.0.1:8000/pod/autotask/{pod_key}",
        "secret": secret, "insightKey": "K" * 26, "vendorSuppliedID": "v" * 32, "insightCategory": 1, "isActive": True,
    }  # fmt: skip
    if not insights(emulators):
        control("records/IntegrationVendorInsights", row)
    shown = requests.get(f"{emulators.url}/autotask/_control/insights/148213", timeout=10).json()
    return str(shown[0]["url"])


@on_one_database
@pytest.mark.parametrize("signs", CANONICALISERS)
def test_a_real_address_says_what_autotask_signs_and_is_not_kept(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None], signs: str
) -> None:
    secret = "an insight secret of tests"
    admin.post(NEW, {**TYPED, "zone": emulators.url})
    page = f"/integrations/{stored(app)[0].id}"
    control("faults", {"insight_canonicaliser": signs, "insight_plus": True})
    address = real_address(emulators, control, stored(app)[0].pod_key, secret)
    send = {"address": address, "secret": secret}
    done = admin.post(f"{page}/address", send, page=page)
    assert f"Autotask signs {CANONICALISERS[signs].words}." in words(done.text)
    assert ("Ticket and technician are not signed" in words(done.text)) == (signs == "keys")
    saved = stored(app)[0]
    assert (saved.values["insight_signature"], saved.secrets["insight_secret"]) == (signs, secret)
    signature = address.rpartition("=")[0].rpartition("signature=")[2] or address[-28:]
    for text in (done.text, str(saved.values), str(saved.secrets), everything(app)):
        assert signature[:20] not in text and "psaversion=" not in text
    assert secret not in done.text
    # The page holds a list with the choice, so an admin can take it back.
    again = admin.post(page, {**TYPED, "zone": emulators.url, "insight_signature": "off"})
    assert again.status_code == 200 and stored(app)[0].values["insight_signature"] == "off"
    assert "Autotask signs" in words(admin.post(f"{page}/address", {"address": address}, page=page).text)


def everything(app: Flask) -> str:
    with app.app_context(), db.engine.connect() as connection:
        return str([connection.execute(table.select()).all() for table in db.metadata.sorted_tables])


@on_one_database
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"secret": "another secret altogether"}, "No known way to sign makes this address's signature"),
        ({"secret": "short"}, "12 to 64 characters"),
        ({"secret": ""}, "Enter the insight secret, too"),
        ({"address": ""}, "Paste the address."),
        (
            {"address": "https://elsewhere.example/pod/autotask/k?signature=x"},
            "This is no address of this pod",
        ),
        ({"address": "nonsense"}, "This is no address of this pod"),
    ],
)
def test_an_address_that_fits_nothing_pins_nothing(
    admin: Browser, emulators: Emulators, app: Flask, control: Callable[[str, Any], None], change: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    secret = "an insight secret of tests"
    admin.post(NEW, {**TYPED, "zone": emulators.url})
    page = f"/integrations/{stored(app)[0].id}"
    address = real_address(emulators, control, stored(app)[0].pod_key, secret)
    answer = admin.post(f"{page}/address", {"address": address, "secret": secret, **change}, page=page)
    assert sentence in words(answer.text) and address[-20:] not in answer.text
    saved = stored(app)[0]
    assert (saved.values["insight_signature"], saved.secrets["insight_secret"]) == ("off", "")
