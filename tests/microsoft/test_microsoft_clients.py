"""Clients on the portal's pages: found in the PSA, given a directory that Microsoft knows, and nobody else's."""

from __future__ import annotations

import pytest
from microsoft_rig import Browser, Msp, Providers, on_one_database, words

from emulators.entra import HARBOR_TENANT, LARKFIELD_TENANT
from podserver.delivery.credentials import MicrosoftDirectory
from podserver.microsoft import service
from podserver.tenancy import bind_tenant

NEW = "/microsoft/clients/new"


def clients(msp: Msp) -> list[MicrosoftDirectory]:
    msp.session.rollback()
    bind_tenant(msp.session, msp.seeds.tenant.id)
    found = list(service.clients(msp.session))
    msp.session.rollback()
    return found


def typed(msp: Msp, **more: str) -> dict[str, str]:
    company = f"{msp.seeds.integration.id}-250"
    return {"find": "lark", "company": company, "directory": "larkfield.example", **more}


def test_a_client_is_found_in_the_psa_and_its_directory_by_its_domain(admin: Browser, msp: Msp) -> None:
    assert "Larkfield Dental" in admin.get(f"{NEW}?find=lark").text
    page = admin.post(NEW, typed(msp), page=f"{NEW}?find=lark", follow_redirects=True)
    assert "Added." in page.text and LARKFIELD_TENANT in page.text
    (row,) = clients(msp)
    assert (row.company, row.company_name, row.directory) == ("250", "Larkfield Dental", LARKFIELD_TENANT)
    assert not row.push_enabled and row.consented_at is None
    (event,) = msp.events("Microsoft set-up changed")
    assert (event.company_name, event.detail["what"]) == ("Larkfield Dental", "directory added")


def test_a_client_has_one_directory(admin: Browser, msp: Msp) -> None:
    msp.add_client()
    page = admin.post(NEW, typed(msp), page=f"{NEW}?find=lark")
    assert "Larkfield Dental has a directory already." in page.text
    assert len(clients(msp)) == 1


@on_one_database
def test_a_directory_may_be_named_by_its_id(admin: Browser, msp: Msp) -> None:
    admin.post(NEW, typed(msp, directory=HARBOR_TENANT.upper()), page=f"{NEW}?find=lark")
    assert clients(msp)[0].directory == HARBOR_TENANT


@on_one_database
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"directory": "nobody.example"}, "Microsoft knows no directory of this name."),
        ({"directory": "e90a7b53-36f4-4c8e-a1d5-4b0f8c299999"}, "Microsoft knows no directory of this name."),
        ({"directory": "lark field"}, "A domain such as"),
        ({"directory": "organizations"}, "A domain such as"),
        ({"directory": ""}, "A domain of the client's, or the directory ID, is needed."),
        ({"company": ""}, "Choose the company"),
        ({"company": "1-251"}, "Choose the company from the list."),
        ({"company": "999-250"}, "Choose the company from the list."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_added(
    admin: Browser, msp: Msp, more: dict[str, str], sentence: str
) -> None:
    page = admin.post(NEW, typed(msp, **more), page=f"{NEW}?find=lark")
    assert sentence in words(page.text)
    assert not clients(msp)


@on_one_database
def test_a_name_that_the_psa_does_not_know_is_said(admin: Browser) -> None:
    assert "no client whose name contains “zebra”" in words(admin.get(f"{NEW}?find=zebra").text)
    assert "no client" not in admin.get(NEW).text


@on_one_database
def test_a_microsoft_that_is_down_adds_nothing(admin: Browser, msp: Msp, providers: Providers) -> None:
    providers.faults(signin_down=True)
    page = admin.post(NEW, typed(msp), page=f"{NEW}?find=lark")
    assert "Microsoft cannot be reached" in page.text and not clients(msp)


def test_another_tenant_sees_and_changes_nothing_of_a_client(msp: Msp, providers: Providers) -> None:
    row = msp.add_client(push_enabled=True)
    olga = Msp(msp.app, providers, "Southgate IT").browser()
    page = f"/microsoft/clients/{row.id}"
    assert "Larkfield Dental" not in olga.get("/microsoft").text
    for path in (page, f"{page}/push/standing", f"{page}/push/script"):
        assert olga.get(path).status_code == 404
    for action in ("consent", "consent/check", "remove", "push/key-pair", "push/secret", "push/test", "push/on",
                   "push/off", "push/forget"):  # fmt: skip
        answer = olga.post(f"{page}/{action}", page="/microsoft")
        assert answer.status_code == 404, action
    olga.post("/microsoft/push/off", page="/microsoft")
    assert msp.client(row.id).push_enabled


def test_removing_a_client_takes_its_credential_along(admin: Browser, msp: Msp) -> None:
    row = msp.add_client(secret="a-secret-of-larkfield", push_enabled=True)
    page = admin.post(f"/microsoft/clients/{row.id}/remove", page=f"/microsoft/clients/{row.id}", follow_redirects=True)
    assert "Larkfield Dental was removed here." in page.text
    assert not clients(msp)
    assert msp.events("Microsoft set-up changed")[-1].detail["what"] == "directory removed"
