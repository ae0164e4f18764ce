"""What the pod would show for a ticket, and why; and the locks that stand in the way."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from flask import Flask
from policy_rig import Msp, Psa, on_one_database, words
from sqlalchemy import func, select

from podserver.database import db, now, writing
from podserver.delivery.models import OutboxRow
from podserver.history.service import Filter, Kind, events
from podserver.policies.service import EVERYBODY
from podserver.tenancy import bind_tenant
from podserver.tools import MAIL, SMS, VOICE, set_tool
from podserver.verification import answers
from podserver.verification.ending import End, finish
from podserver.verification.models import State


@pytest.fixture
def ready(msp: Msp) -> Msp:
    """The MSP with SMS, mail and a number to call from."""
    bind_tenant(msp.seeds.session, msp.seeds.tenant.id)
    with writing(msp.seeds.session) as session:
        for tool in (SMS, MAIL, VOICE):
            set_tool(session, tool, True)
    return msp


def explained(msp: Msp, **asked: str) -> str:
    """What the page says, without its navigation and form."""
    fields = {"integration": str(msp.seeds.integration.id), "ticket": "48213", **asked}
    answer = msp.admin.send("/policies/explain", fields)
    assert answer.status_code == 200
    return words(answer.text.split("</form>")[-1]) if 'class="explained"' in answer.text else words(answer.text)


def pod(msp: Msp, contact: str = "77") -> str:
    """What the pod itself shows."""
    token = msp.seeds.token(contact=contact)
    return msp.app.test_client().post("/pod/caller", headers={"X-Pod-Token": token}).text


def test_it_names_the_client_the_policy_and_where_each_value_comes_from(ready: Msp) -> None:
    ready.set(EVERYBODY, minutes_green=45, history_rows=5)
    ready.set(ready.larkfield, minutes_green=30, banner="Partners only")
    page = explained(ready)
    assert "Dana Whitfield on #48213 Cannot sign in to webmail" in page
    assert "Client: Larkfield Dental , own settings: 2" in page
    for line in (
        "Shield stays green 30 min this client",
        "Rows of history 5 rows the default",
        "Request lives 5 min podserver",
        "Banner “Partners only” this client",
    ):
        assert line in page, line


def test_every_method_of_every_destination_is_offered_or_not_with_the_reason(ready: Msp) -> None:
    page = explained(ready)
    assert "+1 ••• 0142 Cell Unverified SMS code Yes, first Fair A code to a phone on file" in page
    assert "SMS link Yes Weak A press on a link carries no secret back" in page
    assert "E-mail link Yes, first Weak, with the typed number" in page
    assert "Microsoft sign-in No Fair No Microsoft app is set up" in page
    assert "Duo push No Weak Duo is not set up" in page
    assert "Authenticator push No Weak Authenticator push is not allowed by this client's policy" in page
    assert "A number that is not on file typed by the technician Not in the pod." in page
    assert "In person recorded by hand Not in the pod." in page
    # Masked: an admin's page is no place for whole numbers.
    assert "2025550142" not in page and "dana@larkfield" not in page


def test_a_minimum_strength_says_what_it_rules_out(ready: Msp) -> None:
    ready.set(ready.larkfield, minimum_strength="C", adhoc_number=True, methods=["sms_code", "mail_link", "manual"])
    page = explained(ready)
    assert (
        "E-mail link No Weak Weak (the number came back, but from whoever reads the mailbox), and this client's" in page
    )
    assert "d•••@larkfield.example Email Nothing is offered here, so the pod shows no row." in page
    assert "SMS code No Weak Weak (the technician typed the destination, it is not on file)" in page
    assert "Recorded by hand Yes, first By hand" in page


def test_it_agrees_with_the_pod(ready: Msp) -> None:
    for own in ({}, {"methods": ["voice_code", "mail_code"]}, {"minimum_strength": "C"}, {"methods": ["duo_push"]}):
        ready.set(ready.larkfield, **own)
        page = explained(ready)
        shown = pod(ready)
        for masked, full in (
            ("+1 ••• 0142", "+1 202-555-0142"),
            ("d•••@larkfield.example Email", "dana@larkfield.example"),
        ):
            hidden = f"{masked} Nothing is offered" in page or f"{masked} Cell Nothing is offered" in page
            # A long address may break after its @.
            assert (full in words(shown).replace("@ ", "@")) != hidden, (own, masked)


def test_a_shield_of_another_ticket_counts_or_does_not_as_the_policy_says(ready: Msp) -> None:
    seeds = ready.seeds
    seeds.caller = replace(seeds.caller, ticket="48300", ticket_ref="48300")
    started = seeds.start(at=now()).verification
    assert started is not None
    with writing(seeds.session) as session:
        until = now() + timedelta(minutes=30)
        finish(session, started, End(State.VERIFIED, Kind.VERIFIED), "Sam Okafor", now(), green_until=until)
    page = explained(ready)
    assert "A green shield that was earned on another ticket counts here" in page
    assert re.search(r"0142 Cell Verified · .*by Sam on #48300 29 min", page)
    ready.set(ready.larkfield, counts_elsewhere=False)
    page = explained(ready)
    assert "A green shield that was earned on another ticket does not count here." in page
    assert "0142 Cell Unverified · verified on #48300, which does not count here" in page


def test_marks_and_a_pending_request_are_shown(ready: Msp, psa: Psa) -> None:
    explained(ready)
    number = {"id": 0, "type": {"id": 4}, "value": "2025550198", "communicationType": "Phone"}
    contact = f"{psa.url}/v4_6_release/apis/3.0/company/contacts/77"
    keys = ("northgate+demoPublicKey01", "demoPrivateKey01")
    added = requests.post(f"{contact}/communications", json=number, auth=keys, timeout=5,
                          headers={"clientId": ready.seeds.integration.values["client_id"]})  # fmt: skip
    assert added.status_code == 201, added.text
    assert "0198" not in explained(ready), "the PSA's last answer is young enough"
    page = explained(ready, anew="y")
    assert "Changed in the PSA less than an hour ago." in page
    assert "SMS code Yes, first Weak The destination was changed in the PSA less than 72 hours ago" in page
    ready.seeds.start(at=now())
    assert re.search(r"0142 Cell Pending · [^·]+ · by Sam \d min \d+ s left", explained(ready))


def test_a_lock_by_i_did_not_ask_for_this_is_explained_and_an_admin_lifts_it_on_the_overview(ready: Msp) -> None:
    ready.set(ready.larkfield, cooldown_minutes=0)
    started = ready.seeds.start(at=now(), method="sms_link").verification
    assert started is not None
    with writing(ready.seeds.session) as session:
        answers.deny(session, verification_id=started.id, at=now())
    page = explained(ready)
    assert (
        "Locked: the contact did not ask for this. Nothing can be sent to this contact, until an admin unlocks." in page
    )
    overview = words(ready.auditor.get("/").text)
    assert "Dana Whitfield Larkfield Dental The contact did not ask for this An admin unlocks" in overview
    who = {"integration": str(ready.seeds.integration.id), "contact": "77"}
    assert ready.technician.send("/locked/unlock", who, page="/").status_code == 403
    lifted = ready.admin.send("/locked/unlock", who, page="/", follow_redirects=True)
    assert "Unlocked. The contact can be verified again." in lifted.text
    assert "Locked:" not in explained(ready)
    session = ready.seeds.session
    session.rollback()
    bind_tenant(session, ready.seeds.tenant.id)
    assert events(session, Filter(kinds=frozenset({Kind.UNLOCKED})), limit=5)[0].actor == "Alex Moreno"


def test_a_short_alarm_is_not_hidden_behind_a_longer_lock_of_a_number(ready: Msp) -> None:
    session = ready.seeds.session
    ready.set(ready.larkfield, cooldown_minutes=5)
    link = ready.seeds.start(at=now(), method="sms_link").verification
    code = ready.seeds.start(at=now(), number="2025550177")
    assert link is not None and code.verification is not None
    for each in range(5):
        ready.seeds.check(code, "000000", at=now() + timedelta(seconds=20 * each))
    with writing(session):
        answers.deny(session, verification_id=link.id, at=now())
    overview = words(ready.admin.get("/").text)
    assert "Too many wrong codes for this destination, the contact did not ask for this" in overview
    page = explained(ready)
    assert "Locked: the contact did not ask for this." in page
    assert "Locked: too many wrong codes for this destination, until" in page


def test_asking_sends_nothing_and_writes_no_event(ready: Msp, app: Flask) -> None:
    session = ready.seeds.session
    ready.admin.get("/policies/explain")
    counted = [len(events(session, Filter(), limit=100)), session.scalar(select(func.count()).select_from(OutboxRow))]
    session.rollback()
    for asked in ({}, {"anew": "y"}, {"ticket": "", "contact": "78"}, {"contact": "79"}):
        explained(ready, **asked)
    bind_tenant(session, ready.seeds.tenant.id)
    again = [len(events(session, Filter(), limit=100)), session.scalar(select(func.count()).select_from(OutboxRow))]
    assert counted == again
    db.session.rollback()


def test_a_contact_is_explained_without_a_ticket_and_beside_one(ready: Msp) -> None:
    assert "Marcus Reyes" in explained(ready, ticket="", contact="78")
    page = explained(ready, contact="79")
    assert "Ingrid Solberg on #48213" in page


@on_one_database
def test_what_cannot_be_asked_gets_a_sentence(ready: Msp, psa: Psa) -> None:
    assert "Enter a ticket's number, or a contact's." in explained(ready, ticket="")
    assert "This is a ticket's number." in explained(ready, ticket="forty")
    assert "This is the number that the PSA gives the contact." in explained(ready, ticket="", contact="Dana")
    assert "Not a valid choice" in explained(ready, integration="999")
    assert "ConnectWise has no such record" in explained(ready, ticket="99999")
    psa.control("faults", {"down": True})
    assert "ConnectWise is in trouble (HTTP 503). Try again in a moment." in explained(ready, ticket="48214")


def test_a_psa_that_is_down_is_answered_from_what_is_kept(ready: Msp, psa: Psa) -> None:
    explained(ready)
    psa.control("faults", {"down": True})
    page = explained(ready, anew="y")
    assert "Dana Whitfield" in page and re.search(r"Details are from \d+ min ago", page)
