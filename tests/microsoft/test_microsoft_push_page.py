"""The push of a client on the portal's pages: off, undocumented, and switched on by somebody who was told so."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from html import unescape
from typing import Any

import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from microsoft_rig import Browser, Msp, Providers, on_one_database, words
from sqlalchemy import select

from emulators.entra import CLIENT_ID, CLIENT_SECRET, HARBOR_TENANT, LARKFIELD_TENANT, PUSH_CLIENT_ID
from emulators.entra.account import PUSH_CONNECTOR_ID
from podserver.database import now, writing
from podserver.delivery.models import OutboxRow
from podserver.microsoft import key_pair, script
from podserver.tenancy import bind_tenant

SECRET = "a-secret-of-larkfield"


@pytest.fixture
def larkfield(msp: Msp) -> int:
    msp.register_app()
    return msp.add_client().id


def page_of(client: int) -> str:
    return f"/microsoft/clients/{client}"


def act(admin: Browser, client: int, action: str, **data: Any) -> str:
    """Press a button of the client's page; what the page says then."""
    answer = admin.post(f"{page_of(client)}/push/{action}", data, page=page_of(client), follow_redirects=True)
    assert answer.status_code == 200
    return words(answer.text)


def run_script(providers: Providers, text: str, tenant: str, *, remove: bool = False) -> None:
    """What the script does at Graph, step by step, with the values that stand in it."""
    known = dict(re.findall(r"^\$(\w+) = '([^']*)'$", text, re.M))
    principals = re.findall(r"Get-Principal '([0-9a-f-]{36})'", text)
    assert known["directory"] == tenant and principals == [PUSH_CLIENT_ID, PUSH_CONNECTOR_ID]
    http = requests.Session()
    http.trust_env = False
    http.verify = str(providers.authority)
    app = msal.ConfidentialClientApplication(
        CLIENT_ID, authority=f"{providers.tls}/{tenant}", client_credential=CLIENT_SECRET, instance_discovery=False,
        http_client=http,
    )  # fmt: skip
    # In their own hands, an administrator's session; here, an app that holds the same right.
    providers.control("consent", tenant=tenant, permissions=["Application.ReadWrite.All"])
    token = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    root = f"{providers.tls}/v1.0/servicePrincipals"

    def principal(app_id: str) -> dict[str, Any]:
        asked = {"$filter": f"appId eq '{app_id}'", "$select": "id,displayName,accountEnabled"}
        found = http.get(root, params=asked).json()["value"]
        return dict(found[0] if found else http.post(root, json={"appId": app_id}).json())

    client = principal(principals[0])
    principal(principals[1])
    before = http.get(f"{root}/{client['id']}", params={"$select": "keyCredentials"}).json()["keyCredentials"]
    others = [each for each in before if each["key"] != known["certificate"]]
    ours = {"type": "AsymmetricX509Cert", "usage": "Verify", "displayName": known["name"], "key": known["certificate"]}
    changed = others if remove else [*others, ours]
    assert http.patch(f"{root}/{client['id']}", json={"keyCredentials": changed}).ok


def certificates(providers: Providers, tenant: str = LARKFIELD_TENANT) -> list[str]:
    """The names of the certificates on the client's push principal."""
    principals = providers.tenant(tenant)["principals"]
    push_client = next(each for each in principals if each["app_id"] == PUSH_CLIENT_ID)
    return [str(each["name"]) for each in push_client["certificates"]]


def test_the_page_says_plainly_what_the_push_is_before_anything_else(admin: Browser, larkfield: int) -> None:
    said = words(admin.get(page_of(larkfield)).text)
    for sentence in (
        "Off: the pod does not offer it for this client",
        "Microsoft does not document this service for others and does not support it. It may stop any day",
        "It needs a credential on Microsoft's own application",
        "have the client's agreement in writing",
        "There is no number to match",
    ):
        assert sentence in said
    assert "Switch the push on" not in said


def test_a_key_pair_is_made_here_and_its_private_half_is_never_shown(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    page = admin.post(f"{page_of(larkfield)}/push/key-pair", page=page_of(larkfield), follow_redirects=True)
    row = msp.client(larkfield)
    body = "".join(row.private_key.splitlines()[1:-1])
    assert "BEGIN PRIVATE KEY" in row.private_key
    shown = page.text + admin.get(f"{page_of(larkfield)}/push/script").text
    assert "PRIVATE KEY" not in shown and body[:60] not in shown
    certificate = x509.load_pem_x509_certificate(row.certificate.encode())
    assert base64.b64encode(certificate.public_bytes(Encoding.DER)).decode() in shown
    assert row.credential_ends_at == certificate.not_valid_after_utc
    assert timedelta(days=364) < row.credential_ends_at - now() <= timedelta(days=365)
    stored = msp.session.connection().exec_driver_sql("SELECT private_key FROM microsoft_directories").scalar()
    assert stored.startswith("gAAAA") and body[:60] not in stored
    msp.session.rollback()


def test_the_script_adds_its_certificate_and_leaves_those_that_are_there(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    act(admin, larkfield, "key-pair")
    text = admin.get(f"{page_of(larkfield)}/push/script").text
    assert certificates(providers) == ["CN=Larkfield Dental NPS server"]
    run_script(providers, text.replace("\r\n", "\n"), LARKFIELD_TENANT)
    assert certificates(providers) == ["CN=Larkfield Dental NPS server", "CN=podserver push, Northgate IT"]
    assert "Good: Microsoft took it" in act(admin, larkfield, "test")
    run_script(providers, text.replace("\r\n", "\n"), LARKFIELD_TENANT, remove=True)
    assert certificates(providers) == ["CN=Larkfield Dental NPS server"]


@on_one_database
def test_the_script_makes_the_principals_that_are_missing(admin: Browser, msp: Msp, providers: Providers) -> None:
    msp.register_app()
    harbor = msp.add_client(HARBOR_TENANT, "251", "Harbor Legal").id
    act(admin, harbor, "key-pair")
    assert "Azure Multi-Factor Auth Client is not in this directory. The script adds it" in act(admin, harbor, "test")
    run_script(providers, script.to_add("Northgate IT", msp.client(harbor)), HARBOR_TENANT)
    assert "Good: Microsoft took it" in act(admin, harbor, "test")


@on_one_database
def test_the_script_sends_back_what_it_has_read_with_ours_at_the_end(admin: Browser, larkfield: int, msp: Msp) -> None:
    act(admin, larkfield, "key-pair")
    text = script.to_add("Northgate IT", msp.client(larkfield))
    order = [text.index(part) for part in (
        "-Uri ($uri + '?$select=keyCredentials')", "$before = @($read.keyCredentials",
        "$others = @($before | Where-Object { $_.key -ne $certificate })", "$after = $others + @{ type",
        "keyCredentials = @($after)", "-Method PATCH",
    )]  # fmt: skip
    assert order == sorted(order)
    assert text.count("-Method PATCH") == 1 and "secret" not in re.sub(r"^#.*$", "", text, flags=re.M).lower()
    shown = re.search(r'<pre class="script"[^>]*>(.*?)</pre>', admin.get(page_of(larkfield)).text, re.S)
    assert shown is not None and unescape(shown[1]).strip() == text.strip()


@on_one_database
@pytest.mark.parametrize(
    "name", ["Evil'; Remove-Item *; '", "Two\nlines", "‘curly’ and `back` $(ticks)", "Smith & Sons, Inc."]
)
def test_no_name_can_break_out_of_the_script(admin: Browser, msp: Msp, name: str) -> None:
    client = msp.add_client(name=name).id
    act(admin, client, "key-pair")
    text = script.to_add(name, msp.client(client))
    for line in text.splitlines():
        assert line.startswith("#") or "Remove-Item" not in line or re.fullmatch(r"\$name = '[^'‘’`$]*'", line)
    heading = "\n".join(text.splitlines()[:8])
    assert all(each == "" or each.startswith("#") for each in heading.splitlines())
    assert not set("'‘’`$\"") & set(script.certificate_name(name))


def test_a_secret_is_kept_until_its_day_and_never_shown(admin: Browser, larkfield: int, msp: Msp) -> None:
    day = (now() + timedelta(days=90)).date().isoformat()
    page = admin.post(
        f"{page_of(larkfield)}/push/secret", {"secret": SECRET, "ends_on": day}, page=page_of(larkfield),
        follow_redirects=True,
    )  # fmt: skip
    assert "The secret is kept." in page.text and SECRET not in page.text
    row = msp.client(larkfield)
    assert row.secret == SECRET and row.credential_ends_at is not None
    assert row.credential_ends_at.date().isoformat() == day
    assert msp.events("Microsoft set-up changed")[-1].detail == {"what": "secret entered", "ends": day}


@on_one_database
@pytest.mark.parametrize(
    ("secret", "days", "sentence"),
    [
        ("", 90, "The secret is needed."),
        ("short", 90, "That is not a secret."),
        (SECRET, -1, "This is a day from tomorrow on"),
        (SECRET, 900, "This is a day from tomorrow on"),
        (SECRET, None, "Microsoft shows the day beside the secret."),
    ],
)
def test_a_secret_without_a_day_of_its_own_is_refused(
    admin: Browser, larkfield: int, msp: Msp, secret: str, days: int | None, sentence: str
) -> None:
    day = "" if days is None else (now() + timedelta(days=days)).date().isoformat()
    assert sentence in act(admin, larkfield, "secret", secret=secret, ends_on=day)
    assert msp.client(larkfield).secret == ""


def enter_secret(admin: Browser, client: int) -> None:
    act(admin, client, "secret", secret=SECRET, ends_on=(now() + timedelta(days=90)).date().isoformat())


REFUSALS = [
    (7000112, "Azure Multi-Factor Auth Client is switched off in this directory."),
    (500014, "Azure Multi-Factor Auth Connector is switched off in this directory."),
    (500011, "Azure Multi-Factor Auth Connector is not in this directory."),
    (7000222, "The secret has run out."),
    (700016, "Azure Multi-Factor Auth Client is not in this directory."),
    (90002, "Microsoft knows no such directory."),
    (54005, "Microsoft refuses, with AADSTS54005."),
]


@on_one_database
@pytest.mark.parametrize(("number", "sentence"), REFUSALS)
def test_what_microsoft_refuses_says_what_it_means_and_what_to_do(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers, number: int, sentence: str
) -> None:
    enter_secret(admin, larkfield)
    providers.faults(token_error=number)
    said = act(admin, larkfield, "test")
    assert f"Refused: {sentence}" in said and f"AADSTS{number}" in said
    assert msp.client(larkfield).checked_at is None


@on_one_database
def test_a_microsoft_that_is_down_refuses_nothing(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    enter_secret(admin, larkfield)
    providers.faults(signin_down=True)
    assert "Microsoft cannot be reached" in act(admin, larkfield, "test")
    assert msp.client(larkfield).problem == ""


def test_a_secret_that_is_not_active_yet_is_tried_again_in_the_background(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    enter_secret(admin, larkfield)
    providers.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET, activation_seconds=2)
    assert "Not active yet: Microsoft takes up to a minute" in act(admin, larkfield, "test")
    standing = f"{page_of(larkfield)}/push/standing"
    assert "hx-get" in admin.get(standing).text
    msp.work(until=lambda: msp.client(larkfield).checking_since is None)
    row = msp.client(larkfield)
    assert row.checked_at is not None and row.problem == ""
    said = admin.get(standing).text
    assert "Good" in said and "hx-get" not in said


def test_a_secret_that_stays_wrong_is_given_up_after_a_minute(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    enter_secret(admin, larkfield)
    providers.control("credentials", tenant=LARKFIELD_TENANT, secret="quite-another-secret")
    assert "Not active yet" in act(admin, larkfield, "test")
    bind_tenant(msp.session, msp.seeds.tenant.id)
    with writing(msp.session) as session:
        for row in session.scalars(select(OutboxRow).where(OutboxRow.channel == "microsoft_check")):
            row.created_at = now() - timedelta(seconds=61)
    msp.work(until=lambda: msp.client(larkfield).checking_since is None)
    assert msp.client(larkfield).problem.startswith("The secret is wrong, or Microsoft has not activated it yet")
    assert "Refused" in admin.get(f"{page_of(larkfield)}/push/standing").text


@on_one_database
def test_switching_off_ends_the_background_s_tries(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    enter_secret(admin, larkfield)
    providers.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET, activation_seconds=30)
    act(admin, larkfield, "test")
    act(admin, larkfield, "forget")
    bind_tenant(msp.session, msp.seeds.tenant.id)

    def open_rows() -> int:
        rows = msp.session.scalars(select(OutboxRow).where(OutboxRow.channel == "microsoft_check"))
        count = sum(row.ended_at is None for row in rows)
        msp.session.rollback()
        return count

    msp.work(until=lambda: open_rows() == 0)
    assert msp.client(larkfield).checked_at is None


def switch_on(admin: Browser, client: int, providers: Providers) -> str:
    enter_secret(admin, client)
    providers.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET)
    act(admin, client, "test")
    return act(admin, client, "on", agreed="y")


def test_it_is_switched_on_by_somebody_who_says_that_the_client_agreed(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    enter_secret(admin, larkfield)
    assert "First make a credential that Microsoft takes." in act(admin, larkfield, "on", agreed="y")
    providers.control("credentials", tenant=LARKFIELD_TENANT, secret=SECRET)
    act(admin, larkfield, "test")
    assert "Without the client's agreement it stays off." in act(admin, larkfield, "on")
    assert not msp.client(larkfield).push_enabled
    assert "On: the pod offers it where the client's policy allows it" in act(admin, larkfield, "on", agreed="y")
    assert msp.client(larkfield).push_enabled
    assert msp.events("Microsoft set-up changed")[-1].detail["what"].startswith("push switched on")


def test_one_press_switches_it_off_for_a_client_and_another_for_all(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers
) -> None:
    switch_on(admin, larkfield, providers)
    other = msp.add_client(HARBOR_TENANT, "251", "Harbor Legal", push_enabled=True).id
    act(admin, larkfield, "off")
    assert not msp.client(larkfield).push_enabled and msp.client(other).push_enabled
    act(admin, larkfield, "on", agreed="y")
    page = admin.post("/microsoft/push/off", page="/microsoft", follow_redirects=True)
    assert "off for every client; it was on for 2" in page.text
    assert not msp.client(larkfield).push_enabled and not msp.client(other).push_enabled
    assert [e.detail.get("what") for e in msp.events("Microsoft set-up changed")][-2:] == ["push switched off"] * 2
    assert "Switch the push off for every client" not in page.text


@on_one_database
@pytest.mark.parametrize("action", ["key-pair", "secret", "forget"])
def test_another_credential_is_worth_nothing_before_microsoft_took_it(
    admin: Browser, larkfield: int, msp: Msp, providers: Providers, action: str
) -> None:
    switch_on(admin, larkfield, providers)
    data = {"secret": SECRET + "2", "ends_on": (now() + timedelta(days=9)).date().isoformat()}
    act(admin, larkfield, action, **(data if action == "secret" else {}))
    row = msp.client(larkfield)
    assert not row.push_enabled and row.checked_at is None
    assert msp.events("Microsoft set-up changed")[-1].detail["push"] == "switched off"


@on_one_database
@pytest.mark.parametrize(("days", "word"), [(31, ""), (29, "Ends soon"), (-1, "Ran out")])
def test_a_credential_that_ends_within_thirty_days_is_said(admin: Browser, msp: Msp, days: int, word: str) -> None:
    client = msp.add_client(secret=SECRET, checked_at=now(), credential_ends_at=now() + timedelta(days=days)).id
    for path in ("/microsoft", page_of(client)):
        page = admin.get(path).text
        assert (word in page) if word else ("Ends soon" not in page and "Ran out" not in page)
    if days < 0:
        assert "The credential has run out." in act(admin, client, "on", agreed="y")


def test_a_fresh_pair_is_good_at_once_and_its_secret_half_is_in_no_repr() -> None:
    at = now()
    pair = key_pair.make("podserver push, " + "N" * 80, at)
    certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    assert certificate.not_valid_before_utc < at < certificate.not_valid_after_utc == pair.ends_at
    assert pair.private_key not in repr(pair)
    assert base64.b64decode(key_pair.base64_of(pair.certificate)) == certificate.public_bytes(Encoding.DER)
    assert re.fullmatch(r"[0-9A-F]{40}", key_pair.thumbprint(pair.certificate))
