"""The sign-in behind a link: out to Microsoft, back once, in the same browser, and only as the contact."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from microsoft_rig import (
    DANA,
    PRESSED,
    THEO,
    Msp,
    Person,
    Providers,
    on_one_database,
    query_of,
)

from emulators.entra import CLIENT_ID, HARBOR_TENANT, LARKFIELD_TENANT
from podserver.database import now
from podserver.delivery import microsoft_words as said
from podserver.verification.models import State

pytestmark = pytest.mark.filterwarnings("ignore:response_mode")
BASE = ["User.Read.All", "UserAuthenticationMethod.Read.All"]


# --- The way that ends well -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_who_signs_in_with_the_contact_s_account_is_verified(
    northgate: Msp, dana: Person, providers: Providers, known: bool
) -> None:
    if known:
        northgate.add_client(consented_at=now())
    link = northgate.link()
    answer = dana.sign_in(link, DANA)
    assert (answer.status_code, answer.location) == (303, link.path)
    row = northgate.row(link)
    assert row.state == State.VERIFIED
    assert row.strength == "C" and row.worth == "signed in at Microsoft; it did not say whether with a second factor"
    assert row.green_until is not None
    page = dana.client.get(answer.location, headers=PRESSED)
    assert "Validated. You can close this page." in page.text
    assert [e.kind for e in northgate.events() if e.verification == link.id] == ["requested", "verified"]


@on_one_database
def test_what_microsoft_is_asked_for(northgate: Msp, dana: Person, providers: Providers) -> None:
    northgate.add_client(consented_at=now())
    address = dana.leave(northgate.link())
    asked = query_of(address)
    assert urlsplit(address).path == f"/{LARKFIELD_TENANT}/oauth2/v2.0/authorize"
    assert asked["client_id"] == CLIENT_ID
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/microsoft/callback"
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert asked["login_hint"] == DANA
    # A browser that is signed in already proves who owns the browser, so they sign in anew.
    assert asked["prompt"] == "login"
    assert sorted(asked["scope"].split()) == ["email", "openid", "profile"]
    assert len(asked["state"]) >= 43 and asked["nonce"]


@on_one_database
def test_without_a_known_directory_any_organization_may_be_signed_in_to(northgate: Msp, dana: Person) -> None:
    assert urlsplit(dana.leave(northgate.link())).path == "/organizations/oauth2/v2.0/authorize"
    nobody_known = northgate.link("wei@harborlegal.example", contact="83", company="251", known=False)
    assert "login_hint" not in query_of(dana.leave(nobody_known))


@on_one_database
@pytest.mark.parametrize(("amr", "strength"), [("pwd,mfa", "B"), ("pwd", "C"), ("", "C")])
def test_a_second_factor_counts_where_microsoft_names_one(
    northgate: Msp, dana: Person, providers: Providers, amr: str, strength: str
) -> None:
    providers.faults(amr=amr)
    link = northgate.link()
    dana.sign_in(link, DANA)
    row = northgate.row(link)
    assert (row.state, row.strength) == (State.VERIFIED, strength)
    assert ("with a second factor" in row.worth) == bool(row.worth)
    assert row.worth == "signed in at Microsoft with a second factor" or strength == "C"


@on_one_database
def test_an_alias_is_found_where_the_directory_may_be_read(northgate: Msp, dana: Person) -> None:
    northgate.add_client(consented_at=now())
    link = northgate.link(THEO, contact="80")
    dana.sign_in(link, "t.brandt@larkfield.example")
    assert northgate.row(link).state == State.VERIFIED
    other = northgate.link("theo.brandt@larkfield.example", contact="80")
    dana.sign_in(other, "t.brandt@larkfield.example")
    assert northgate.row(other).state == State.VERIFIED


@on_one_database
def test_the_mail_claim_counts_in_the_client_s_own_directory(northgate: Msp, dana: Person) -> None:
    # No consent, so that the token is all there is: its sign-in name differs, its mail address is the contact's.
    northgate.add_client()
    link = northgate.link(THEO, contact="80")
    dana.sign_in(link, "t.brandt@larkfield.example")
    assert northgate.row(link).state == State.VERIFIED


@on_one_database
def test_the_mail_claim_of_an_unknown_directory_counts_for_nothing(northgate: Msp, dana: Person) -> None:
    link = northgate.link(THEO, contact="80")
    dana.sign_in(link, "t.brandt@larkfield.example")
    row = northgate.row(link)
    assert row.state == State.FAILED
    assert row.reason == said.other_account("t•••@larkfield.example")


# --- Accounts that are not the contact's ------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_a_colleague_who_signs_in_is_not_the_contact(northgate: Msp, dana: Person, known: bool) -> None:
    if known:
        northgate.add_client(consented_at=now())
    link = northgate.link()
    answer = dana.sign_in(link, "marcus@larkfield.example")
    assert answer.status_code == 200 and "This sign-in was not accepted." in answer.text
    row = northgate.row(link)
    assert (row.state, row.reason) == (State.FAILED, said.other_account("m•••@larkfield.example"))
    # The link is dead, also for the right account.
    assert "This request has ended" in dana.client.get(link.path, headers=PRESSED).text
    assert "marcus@" not in answer.text and "dana@" not in answer.text


@pytest.mark.parametrize("known", [True, False])
def test_an_account_of_a_stranger_s_directory_is_refused(
    northgate: Msp, dana: Person, providers: Providers, known: bool
) -> None:
    if known:
        northgate.add_client(consented_at=now())
        # Microsoft itself does not let them in there; a token that says so all the same is not believed.
        providers.faults(wrong_tid=True)
    link = northgate.link()
    dana.sign_in(link, DANA if known else "visitor@elsewhere.example")
    row = northgate.row(link)
    assert row.state == State.FAILED
    assert row.reason == (said.OTHER_DIRECTORY if known else said.other_account("v•••@elsewhere.example"))


@on_one_database
def test_a_name_counts_only_in_the_directory_that_owns_its_domain(
    northgate: Msp, dana: Person, providers: Providers
) -> None:
    # A directory of somebody else's whose token carries the contact's own name, as its administrator may set it.
    providers.faults(wrong_tid=True)
    link = northgate.link()
    dana.sign_in(link, DANA)
    row = northgate.row(link)
    assert (row.state, row.reason) == (State.FAILED, said.OTHER_DIRECTORY)


@on_one_database
@pytest.mark.parametrize("consented", [True, False])
def test_a_guest_of_the_client_s_directory_proves_nothing(
    northgate: Msp, dana: Person, providers: Providers, consented: bool
) -> None:
    providers.control("consent", tenant=HARBOR_TENANT, permissions=BASE if consented else [])
    northgate.add_client(HARBOR_TENANT, "251", "Harbor Legal", consented_at=now() if consented else None)
    link = northgate.link("felix@harborlegal.example", contact="82", company="251")
    dana.sign_in(link, "felix_harborlegal.example#EXT#@harborlegal.example")
    row = northgate.row(link)
    assert (row.state, row.reason) == (State.FAILED, said.SIGNED_IN_AS_GUEST)


@on_one_database
@pytest.mark.parametrize(
    ("fault", "part"),
    [
        ({"wrong_audience": True}, "audience"),
        ({"wrong_issuer": True}, "issuer"),
        ({"wrong_nonce": True}, "nonce"),
        ({"id_token_age_seconds": 7200}, "time"),
        ({"id_token_age_seconds": 600}, "age"),
    ],
)
def test_a_token_that_is_not_for_this_request_is_refused(
    northgate: Msp, dana: Person, providers: Providers, fault: dict[str, Any], part: str
) -> None:
    providers.faults(**fault)
    link = northgate.link()
    dana.sign_in(link, DANA)
    row = northgate.row(link)
    assert row.state == State.FAILED
    assert row.reason == f"Microsoft's answer does not fit this request ({part}); use another way"
