"""The consent of a client's administrator: begun here, answered at Microsoft, and proven before it is believed."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
from microsoft_rig import Browser, Msp, Providers, on_one_database, query_of, words

from emulators.entra import CLIENT_ID, HARBOR_TENANT, LARKFIELD_TENANT, STRANGER_TENANT
from podserver.database import now, writing

BASE = ["User.Read.All", "UserAuthenticationMethod.Read.All"]


@pytest.fixture
def harbor(msp: Msp) -> int:
    """A client whose administrator has not consented yet."""
    msp.register_app()
    return msp.add_client(HARBOR_TENANT, "251", "Harbor Legal").id


def page_of(client: int) -> str:
    return f"/microsoft/clients/{client}"


def begin(admin: Browser, client: int) -> str:
    """The link that the page shows."""
    page = admin.post(f"{page_of(client)}/consent", page=page_of(client))
    found = re.search(r'<code id="consent-link">([^<]+)</code>', page.text)
    assert found is not None, page.text
    return unescape(found[1])


def come_back(browser: Browser, address: str, **changed: str) -> str:
    """Follow Microsoft's redirect, with some of its parts changed; what the page says."""
    parts = urlsplit(address)
    query = {**query_of(address), **changed}
    return words(browser.get(f"{parts.path}?{urlencode(query)}", follow_redirects=True).text)


def test_the_link_asks_for_what_is_needed_and_names_the_client_s_directory(
    admin: Browser, harbor: int, providers: Providers
) -> None:
    link = begin(admin, harbor)
    assert link.startswith(f"{providers.plain}/{HARBOR_TENANT}/v2.0/adminconsent?")
    asked = query_of(link)
    assert asked["client_id"] == CLIENT_ID
    assert asked["scope"] == "https://graph.microsoft.com/.default"
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/microsoft/consent"
    assert len(asked["state"]) >= 43


def test_a_consent_that_was_given_is_proven_and_kept(
    admin: Browser, harbor: int, msp: Msp, providers: Providers
) -> None:
    said = come_back(admin, providers.choose(begin(admin, harbor), answer="accept"))
    assert "Harbor Legal has let the app in." in said and "Consent Given" in said
    row = msp.client(harbor)
    assert row.consented_at is not None and row.organisation == "Harbor Legal" and row.consent_state == ""
    (event,) = msp.events("Microsoft consent")
    assert (event.company_name, event.actor) == ("Harbor Legal", "Alex Moreno")
    assert event.detail == {"directory": HARBOR_TENANT, "organisation": "Harbor Legal", "missing": []}


@on_one_database
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("cancel", "The consent was declined at Microsoft."),
        ("no_administrator", "Whoever was signed in at Microsoft is no administrator of this directory."),
    ],
)
def test_an_error_counts_although_admin_consent_says_true_beside_it(
    admin: Browser, harbor: int, msp: Msp, providers: Providers, answer: str, sentence: str
) -> None:
    address = providers.choose(begin(admin, harbor), answer=answer)
    assert query_of(address)["admin_consent"] == "True"
    # Somebody has consented long ago, which is not what this answer says.
    providers.control("consent", tenant=HARBOR_TENANT, permissions=BASE)
    said = come_back(admin, address, tenant=HARBOR_TENANT)
    assert sentence in said and "Not yet" in said
    assert msp.client(harbor).consented_at is None
    assert msp.events("Microsoft consent")[0].detail == {"reason": sentence}


@on_one_database
def test_an_address_that_somebody_made_up_is_not_believed(
    admin: Browser, harbor: int, msp: Msp, providers: Providers
) -> None:
    state = query_of(begin(admin, harbor))["state"]
    forged = f"/microsoft/consent?admin_consent=True&tenant={HARBOR_TENANT}&state={state}"
    said = words(admin.get(forged, follow_redirects=True).text)
    # Nobody has consented at Microsoft.
    assert "The app is not in this directory" in said
    assert msp.client(harbor).consented_at is None


@on_one_database
def test_a_consent_in_another_directory_is_not_this_client_s(
    admin: Browser, harbor: int, msp: Msp, providers: Providers
) -> None:
    providers.control("consent", tenant=STRANGER_TENANT, permissions=BASE)
    providers.control("consent", tenant=HARBOR_TENANT, permissions=BASE)
    state = query_of(begin(admin, harbor))["state"]
    forged = f"/microsoft/consent?admin_consent=True&tenant={STRANGER_TENANT}&state={state}"
    said = words(admin.get(forged, follow_redirects=True).text)
    assert "The consent was given in another directory than this client's." in said
    assert msp.client(harbor).consented_at is None


@on_one_database
def test_an_answer_without_a_yes_or_an_error_is_no_consent(admin: Browser, harbor: int, msp: Msp) -> None:
    state = query_of(begin(admin, harbor))["state"]
    said = words(admin.get(f"/microsoft/consent?tenant={HARBOR_TENANT}&state={state}", follow_redirects=True).text)
    assert "Microsoft did not say whether the consent was given." in said


def test_only_the_portal_session_that_made_the_link_brings_it_back(
    admin: Browser, harbor: int, msp: Msp, providers: Providers
) -> None:
    address = providers.choose(begin(admin, harbor), answer="accept")
    # The client's own administrator, the same admin in another browser, and another MSP's.
    nobody = Browser(msp.app.test_client())
    assert "Thank you" in come_back(nobody, address)
    for other in (msp.browser(), Msp(msp.app, providers, "Southgate IT").browser()):
        assert "This consent was not begun in this session" in come_back(other, address)
    assert msp.client(harbor).consented_at is None
    assert "has let the app in" in come_back(admin, address)


@on_one_database
def test_a_state_works_once_and_for_an_hour(admin: Browser, harbor: int, msp: Msp, providers: Providers) -> None:
    address = providers.choose(begin(admin, harbor), answer="accept")
    with writing(msp.session) as session:
        row = msp.client(harbor)
        row.consent_begun_at = now() - timedelta(hours=1, seconds=1)
        session.add(row)
    assert "more than an hour ago" in come_back(admin, address)
    assert msp.client(harbor).consented_at is None
    address = providers.choose(begin(admin, harbor), answer="accept")
    assert "has let the app in" in come_back(admin, address)
    assert "This consent was not begun in this session" in come_back(admin, address)


@on_one_database
def test_looking_at_the_return_without_a_state_changes_nothing(admin: Browser, harbor: int, msp: Msp) -> None:
    begin(admin, harbor)
    before = msp.client(harbor).consent_state
    for path in ("/microsoft/consent", "/microsoft/consent?state=", f"/microsoft/consent?tenant={HARBOR_TENANT}"):
        assert admin.get(path).status_code == 302
        assert admin.client.head(path).status_code == 200
    assert msp.client(harbor).consent_state == before


def test_a_consent_that_was_given_elsewhere_is_found_by_looking(
    admin: Browser, harbor: int, msp: Msp, providers: Providers
) -> None:
    refused = words(admin.post(f"{page_of(harbor)}/consent/check", page=page_of(harbor)).text)
    assert "The app is not in this directory" in refused and "AADSTS700016" in refused
    providers.control("consent", tenant=HARBOR_TENANT, permissions=BASE)
    said = words(admin.post(f"{page_of(harbor)}/consent/check", page=page_of(harbor)).text)
    assert "User.Read.All is granted" in said and "UserAuthenticationMethod.Read.All is granted" in said
    assert msp.client(harbor).consented_at is not None


@on_one_database
def test_each_permission_is_shown_as_it_is(admin: Browser, harbor: int, msp: Msp, providers: Providers) -> None:
    providers.control("consent", tenant=HARBOR_TENANT, permissions=["User.Read.All"])
    said = words(admin.post(f"{page_of(harbor)}/consent/check", page=page_of(harbor)).text)
    assert "User.Read.All is granted" in said and "UserAuthenticationMethod.Read.All is missing" in said
    assert msp.events("Microsoft consent")[0].detail["missing"] == ["UserAuthenticationMethod.Read.All"]
    providers.control("consent", tenant=HARBOR_TENANT, permissions=["UserAuthenticationMethod.Read.All"])
    said = words(admin.post(f"{page_of(harbor)}/consent/check", page=page_of(harbor)).text)
    assert "User.Read.All is not granted in this directory." in said


@on_one_database
def test_a_consent_that_was_taken_back_counts_no_more(admin: Browser, msp: Msp, providers: Providers) -> None:
    msp.register_app()
    client = msp.add_client(LARKFIELD_TENANT).id
    admin.post(f"{page_of(client)}/consent/check", page=page_of(client))
    assert msp.client(client).consented_at is not None
    providers.faults(graph_down=True)
    said = words(admin.post(f"{page_of(client)}/consent/check", page=page_of(client)).text)
    # Nobody knows; what was proven stays.
    assert "Microsoft cannot be reached" in said and msp.client(client).consented_at is not None
    providers.faults(graph_down=False)
    providers.control("consent", tenant=LARKFIELD_TENANT, permissions=[])
    admin.post(f"{page_of(client)}/consent/check", page=page_of(client))
    assert msp.client(client).consented_at is None


@on_one_database
def test_without_an_app_of_one_s_own_there_is_no_link(admin: Browser, msp: Msp) -> None:
    client = msp.add_client().id
    page = admin.post(f"{page_of(client)}/consent", page=page_of(client))
    assert "First set up your own app." in page.text and "consent-link" not in page.text
