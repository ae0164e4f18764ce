"""The MSP's own app on the portal's page: what has to be entered at Microsoft, and what Validate says."""

from __future__ import annotations

import pytest
from microsoft_rig import Browser, Msp, Providers, on_one_database, words
from sqlalchemy import select

from emulators.entra import CLIENT_ID, CLIENT_SECRET, NORTHGATE_TENANT
from podserver.accounts.models import Role, Tenant
from podserver.delivery.credentials import MicrosoftApp
from podserver.tenancy import bind_tenant
from podserver.tools import MICROSOFT, tools_of

GOOD = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "directory": "northgate.example"}


def stored(msp: Msp) -> MicrosoftApp | None:
    msp.session.rollback()
    bind_tenant(msp.session, msp.seeds.tenant.id)
    found = msp.session.scalar(select(MicrosoftApp).execution_options(populate_existing=True))
    msp.session.rollback()
    return found


def tools(msp: Msp) -> frozenset[str]:
    msp.session.rollback()
    msp.session.expire_all()
    return tools_of(msp.session.get_one(Tenant, msp.seeds.tenant.id))


def test_the_page_names_the_exact_addresses_and_no_permission_too_many(admin: Browser) -> None:
    page = admin.get("/microsoft").text
    assert '<code id="uri-callback">http://127.0.0.1:8000/microsoft/callback</code>' in page
    assert '<code id="uri-consent">http://127.0.0.1:8000/microsoft/consent</code>' in page
    assert page.count("data-copy=") == 2
    said = words(page)
    assert "User.Read.All (application)" in said and "UserAuthenticationMethod.Read.All (application)" in said
    assert "ReadWrite" not in said and "AuditLog" not in said


def test_an_app_that_microsoft_takes_is_saved_and_the_pod_offers_sign_in_links(admin: Browser, msp: Msp) -> None:
    assert MICROSOFT not in tools(msp)
    page = admin.post("/microsoft", GOOD, follow_redirects=True)
    assert "Saved. Microsoft gives the app a token." in page.text
    row = stored(msp)
    assert row is not None
    assert (row.client_id, row.client_secret, row.directory) == (CLIENT_ID, CLIENT_SECRET, NORTHGATE_TENANT)
    assert MICROSOFT in tools(msp)
    assert CLIENT_SECRET not in page.text
    assert [(e.actor, e.detail) for e in msp.events("Microsoft set-up changed")] == [
        ("Alex Moreno", {"app": CLIENT_ID[-4:]})
    ]


def test_an_empty_secret_keeps_the_stored_one_for_the_same_app_only(admin: Browser, msp: Msp) -> None:
    admin.post("/microsoft", GOOD)
    kept = admin.post("/microsoft", {**GOOD, "client_secret": ""}, follow_redirects=True)
    assert "Saved." in kept.text
    other = {**GOOD, "client_secret": "", "client_id": CLIENT_ID[:-1] + "2"}
    assert "The client secret is needed." in admin.post("/microsoft", other).text


REFUSALS = [
    (7000215, "The client secret is wrong, or not active yet."),
    (7000222, "The client secret has run out."),
    (700016, "The app is not in this directory"),
    (7000112, "The app is switched off in this directory."),
    (90002, "Microsoft knows no such directory."),
    (500011, "Microsoft Graph is not in this directory"),
    (54005, "Microsoft refuses, with AADSTS54005."),
]


@on_one_database
@pytest.mark.parametrize(("number", "sentence"), REFUSALS)
def test_what_microsoft_refuses_is_not_saved_and_its_reason_is_said(
    admin: Browser, msp: Msp, providers: Providers, number: int, sentence: str
) -> None:
    providers.faults(token_error=number)
    page = admin.post("/microsoft", GOOD)
    assert sentence in words(page.text) and f"AADSTS{number}" in page.text
    assert "Nothing was saved" in page.text and CLIENT_SECRET not in page.text
    assert stored(msp) is None and MICROSOFT not in tools(msp)


@on_one_database
def test_a_wrong_secret_is_refused_by_microsoft_itself(admin: Browser, msp: Msp) -> None:
    page = admin.post("/microsoft", {**GOOD, "client_secret": "not-the-secret-1"})
    assert "The client secret is wrong, or not active yet." in page.text
    assert stored(msp) is None


@on_one_database
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"client_id": "northgate"}, "A client ID is a GUID"),
        ({"client_secret": CLIENT_ID}, "This is the secret's ID."),
        ({"client_secret": "short"}, "That is not a client secret."),
        ({"client_secret": ""}, "The client secret is needed."),
        ({"directory": "northgate"}, "A domain such as"),
        ({"directory": "../common"}, "A domain such as"),
        ({"directory": "nobody.example"}, "Microsoft knows no directory of this name."),
    ],
)
def test_wrong_input_is_said_beside_its_field(admin: Browser, msp: Msp, typed: dict[str, str], sentence: str) -> None:
    assert sentence in words(admin.post("/microsoft", {**GOOD, **typed}).text)
    assert stored(msp) is None


@on_one_database
@pytest.mark.parametrize("fault", [{"signin_down": True}, {"http_503": True}])
def test_a_microsoft_that_cannot_be_asked_saves_nothing(
    admin: Browser, msp: Msp, providers: Providers, fault: dict[str, bool]
) -> None:
    providers.faults(**fault)
    page = admin.post("/microsoft", GOOD)
    assert "Microsoft cannot be reached" in words(page.text) and "Nothing was saved" in page.text
    assert stored(msp) is None


@on_one_database
def test_removing_the_app_takes_the_sign_in_link_away(admin: Browser, msp: Msp) -> None:
    admin.post("/microsoft", GOOD)
    page = admin.post("/microsoft/remove", page="/microsoft", follow_redirects=True)
    assert "The pod offers no sign-in link any more." in page.text
    assert stored(msp) is None and MICROSOFT not in tools(msp)


@on_one_database
@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR])
def test_nobody_but_an_admin_opens_the_pages(msp: Msp, role: Role) -> None:
    msp.seeds.add_user("Kim Lee", role)
    one = msp.browser(f"kim@{msp.seeds.short}.example")
    row = msp.add_client()
    for path in ("/microsoft", "/microsoft/clients/new", f"/microsoft/clients/{row.id}"):
        assert one.get(path).status_code == 403
