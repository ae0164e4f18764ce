"""Every route decides who may call it, and says what browsers may do with its answer. A new one cannot escape."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from seeds import Seeds
from sqlalchemy import func, select
from werkzeug.routing import Rule

from podserver.accounts.models import User
from podserver.database import db, writing
from podserver.delivery.models import OutboxRow
from podserver.security import pod_token
from podserver.security.pod_token import PodSession
from podserver.tenancy import bind_tenant

# Public by decision: what proves the caller stands behind each.
PUBLIC = {
    "static": "files of the product",
    "readyz": "names of parts only",
    "pod_connectwise.member_session": "the member's proof is in the body",
    "pod_halo.tab_session": "the tab's signature is in the body",
    "pod_autotask.livelink": "leads on to a page of the portal, which asks for its sign-in",
    "delivery.twilio_status": "X-Twilio-Signature",
    "calls.answered": "X-Twilio-Signature",
    "calls.pressed": "X-Twilio-Signature",
    "calls.status": "X-Twilio-Signature",
    "passwords.by_link": "a link's token, which only its own form spends",
    "brand.logo": "stands in letters and on pages for everybody",
    "brand.style": "a colour, as the logo",
    "answering.page": "a link's token, and it only shows",
    "answering.answer": "a link's token and the proof of its page",
    "microsoft.consent_return": "thanks a client's administrator; only a portal session's own state lets it do more",
    "microsoft_sign_in.begin": "a link's token and the proof of its page",
    "microsoft_sign_in.callback": "a GET, as Microsoft redirects: a state that works once, in the browser that has it",
}
DOORS = {
    "shell": "holds only the PSA's origin",
    "password": "the password is in the body",
    "resume": "the cookie of a sign-in that lives; only our own page is answered",
    "window": "lets nobody in by itself; only our own page is answered",
    "window_poll": "the frame's secret is in the body",
    "sign_out": "only ever takes a sign-in away",
}
PUBLIC |= {f"pod_{psa}.{end}": why for psa in ("connectwise", "halo", "autotask") for end, why in DOORS.items()}


@pytest.fixture
def northgate(app: Flask) -> Seeds:
    seeds = Seeds(db.session(), at=datetime.now(UTC))
    seeds.keep_contact(seeds.at)
    return seeds


@pytest.fixture
def client(app: Flask, northgate: Seeds) -> FlaskClient:
    return app.test_client()


def rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def path_of(rule: Rule) -> str:
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda m: "1" if m[1] == "int" else "z" * 26, rule.rule)


def is_pod(rule: Rule) -> bool:
    return rule.endpoint.startswith("pod.")


def test_a_pod_route_answers_nobody_without_a_live_token(app: Flask, client: FlaskClient, northgate: Seeds) -> None:
    now = datetime.now(UTC)
    good = PodSession(northgate.tenant.id, northgate.integration.id, northgate.user.id, "ticket:1", "77", False,
                      int(now.timestamp()))  # fmt: skip
    import dataclasses

    bad = {
        "none": "",
        "nonsense": "eyJhbGciOiJub25lIn0.e30.",
        "another user": pod_token.issue(dataclasses.replace(good, user=good.user + 999), now),
        "another tenant": pod_token.issue(dataclasses.replace(good, tenant=good.tenant + 999), now),
        "another integration": pod_token.issue(dataclasses.replace(good, integration=good.integration + 999), now),
    }
    tried = 0
    for rule, method in rules(app):
        if not is_pod(rule):
            continue
        for token in bad.values():
            answer = client.open(path_of(rule), method=method, headers={pod_token.HEADER: token})
            assert answer.status_code == 401, f"{method} {rule.rule}"
            tried += 1
    assert tried >= 40


def test_everything_else_is_public_by_decision_or_asks_for_a_sign_in(app: Flask, client: FlaskClient) -> None:
    for rule, method in rules(app):
        if is_pod(rule) or rule.endpoint in PUBLIC:
            continue
        answer = client.open(path_of(rule), method=method)
        sends_away = answer.status_code in (302, 303) and "/sign-in" in answer.headers["Location"]
        is_the_door = rule.endpoint.endswith(("sign_in", "signed_out"))
        refused = answer.status_code in (400, 401, 403)
        assert sends_away or is_the_door or refused, f"{method} {rule.rule} answered {answer.status_code} to a stranger"


def test_a_user_who_is_switched_off_is_out_with_the_next_request(client: FlaskClient, northgate: Seeds) -> None:
    headers = {pod_token.HEADER: northgate.token()}
    assert client.get("/pod/rows", headers=headers).status_code == 200
    with writing(northgate.session) as session:
        session.get_one(User, northgate.user.id).active = False
    assert client.get("/pod/rows", headers=headers).status_code == 401


def test_a_new_password_ends_the_pods_of_before(client: FlaskClient, northgate: Seeds) -> None:
    headers = {pod_token.HEADER: northgate.token()}
    at = datetime.now(UTC)
    for set_at, status in ((at - timedelta(minutes=1), 200), (at + timedelta(seconds=5), 401)):
        with writing(northgate.session) as session:
            session.get_one(User, northgate.user.id).password_set_at = set_at
        assert client.get("/pod/rows", headers=headers).status_code == status
        assert client.post("/pod/renew", headers=headers).status_code in (status, status + 4)


def test_an_integration_that_is_switched_off_closes_its_pods(client: FlaskClient, northgate: Seeds) -> None:
    headers = {pod_token.HEADER: northgate.token()}
    with writing(northgate.session) as session:
        northgate.integration.active = False
        session.add(northgate.integration)
    assert client.get("/pod/rows", headers=headers).status_code == 401
    assert client.get(f"/pod/connectwise/{northgate.integration.pod_key}").status_code == 404


def test_an_auditor_may_look_and_not_send(client: FlaskClient, northgate: Seeds) -> None:
    with writing(northgate.session) as session:
        session.get_one(User, northgate.user.id).role = "auditor"
    headers = {pod_token.HEADER: northgate.token()}
    assert client.get("/pod/rows", headers=headers).status_code == 200
    assert client.post("/pod/verifications", headers=headers).status_code == 403


def test_every_answer_says_what_browsers_may_do_with_it(app: Flask, client: FlaskClient, northgate: Seeds) -> None:
    shell = f"/pod/connectwise/{northgate.integration.pod_key}"
    paths = {path_of(rule) for rule, method in rules(app) if method == "GET"} | {shell, "/nowhere"}
    for path in paths:
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, path
        allowed = "https://na.myconnectwise.net" if path == shell else "'none'"
        assert policy.endswith(f"frame-ancestors {allowed}"), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in answer.headers or "gunicorn" not in answer.headers["Server"]
        assert "Access-Control-Allow-Origin" not in answer.headers
        if path != shell:
            assert answer.headers["X-Frame-Options"] == "DENY"
        if not path.startswith("/static"):
            assert answer.headers["Cache-Control"] == "no-store", path


def test_no_get_changes_a_row(app: Flask, client: FlaskClient, northgate: Seeds) -> None:
    def digest() -> str:
        rows = []
        with db.engine.connect() as connection:
            for table in db.metadata.sorted_tables:
                rows.append(sorted(map(str, connection.execute(table.select()))))
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    before = digest()
    headers = {pod_token.HEADER: northgate.token()}
    paths = {path_of(rule) for rule, method in rules(app) if method == "GET"}
    paths.add(f"/pod/connectwise/{northgate.integration.pod_key}?id=48213&screen=ticket")
    for path in paths:
        client.get(path, headers=headers)
        client.head(path, headers=headers)
    assert digest() == before


def test_the_pod_sets_no_cookie(client: FlaskClient, northgate: Seeds) -> None:
    shell = client.get(f"/pod/connectwise/{northgate.integration.pod_key}?id=48213&screen=ticket")
    rows = client.get("/pod/rows", headers={pod_token.HEADER: northgate.token()})
    assert "Set-Cookie" not in shell.headers and "Set-Cookie" not in rows.headers


def test_what_is_typed_into_the_pods_url_is_never_markup(client: FlaskClient, northgate: Seeds) -> None:
    attack = '"><script>alert(1)</script>'
    answer = client.get(
        f"/pod/connectwise/{northgate.integration.pod_key}", query_string={"id": attack, "screen": attack}
    )
    assert b"<script>alert" not in answer.data


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_session_is_only_asked_for_by_our_own_page(client: FlaskClient, northgate: Seeds, site: str) -> None:
    door = f"/pod/connectwise/{northgate.integration.pod_key}/password"
    form = {"email": "sam@northgate.example", "password": "a long walk by the canal", "id": "1", "screen": "ticket"}
    assert client.post(door, data=form, headers={"Sec-Fetch-Site": site}).status_code == 404
    assert client.post(door, data=form).status_code == 404
    assert client.post(door, data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_password_of_another_tenant_opens_no_pod(client: FlaskClient, northgate: Seeds) -> None:
    key = northgate.integration.pod_key
    Seeds(northgate.session, "Southgate IT")
    form = {"email": "sam@southgate.example", "password": "a long walk by the canal", "id": "1", "screen": "ticket"}
    answer = client.post(f"/pod/connectwise/{key}/password", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403 and answer.get_json()["problem"] == "E-mail or password is wrong."


def test_only_the_callers_own_numbers_can_be_texted(client: FlaskClient, northgate: Seeds) -> None:
    headers = {pod_token.HEADER: northgate.token()}
    for destination in ("", "+12025550199", northgate.target("2025550199").key, northgate.target(contact="78").key):
        form = {"destination": destination, "method": "sms_code", "request_id": "r" * 26}
        assert client.post("/pod/verifications", data=form, headers=headers).status_code == 409
    good = {"destination": northgate.target().key, "method": "sms_code", "request_id": "r" * 26}
    assert client.post("/pod/verifications", data=good, headers=headers).status_code == 200
    bind_tenant(northgate.session, northgate.tenant.id)


def test_a_number_that_is_not_on_file_is_texted_only_where_the_policy_takes_it(
    client: FlaskClient, northgate: Seeds
) -> None:
    headers = {pod_token.HEADER: northgate.token()}
    form = {"number": "(202) 555-0188", "method": "sms_code", "request_id": "r" * 26}

    def sent() -> int:
        session = northgate.session
        session.rollback()
        return session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.channel == "sms")) or 0

    refused = client.post("/pod/verifications", data=form, headers=headers)
    assert refused.headers["HX-Retarget"] == "#typed-problem"
    assert "takes no number that is not on file" in refused.text and sent() == 0
    northgate.allow(adhoc_number=True)
    for number in ("12345", "not a number", "   ", "+" + "9" * 39):
        answer = client.post("/pod/verifications", data={**form, "number": number}, headers=headers)
        assert (answer.status_code, answer.headers["HX-Retarget"]) == (200, "#typed-problem")
        assert "no valid phone number" in answer.text and sent() == 0
    taken = client.post("/pod/verifications", data=form, headers=headers)
    assert taken.status_code == 200 and "rows-changed" in taken.headers["HX-Trigger"] and sent() == 1
    assert "0188" not in taken.text, "the form comes back empty"


def test_a_word_needs_a_note_a_policy_that_takes_it_and_a_role_that_may(client: FlaskClient, northgate: Seeds) -> None:
    headers = {pod_token.HEADER: northgate.token(), "HX-Request": "true"}
    form = {"note": "stands at my desk, badge 1142 seen", "request_id": "r" * 26}
    refused = client.post("/pod/word", data=form, headers=headers)
    assert refused.headers["HX-Retarget"] == "#word-problem" and "takes no word for it" in refused.text
    northgate.allow(methods=["sms_code", "manual"])
    for note in ("", "her", "x" * 501):
        answer = client.post("/pod/word", data={**form, "note": note}, headers=headers)
        assert answer.headers["HX-Retarget"] == "#word-problem" and "HX-Trigger" not in answer.headers
    assert client.post("/pod/word", data={**form, "request_id": "r"}, headers=headers).status_code == 400
    asked = {"destination": "x", "method": "manual", "request_id": "r" * 26}
    assert client.post("/pod/verifications", data=asked, headers=headers).status_code in (400, 409)
    taken = client.post("/pod/word", data=form, headers=headers)
    assert taken.status_code == 200 and "rows-changed" in taken.headers["HX-Trigger"]
    with writing(northgate.session) as session:
        session.get_one(User, northgate.user.id).role = "auditor"
    assert client.post("/pod/word", data=form, headers=headers).status_code == 403


def test_a_method_that_does_not_fit_the_destination_is_not_asked_for(client: FlaskClient, northgate: Seeds) -> None:
    headers = {pod_token.HEADER: northgate.token()}
    for method in ("mail_code", "mail_link", "duo_push", "authenticator_push", "microsoft_sign_in", "manual"):
        form = {"destination": northgate.target().key, "method": method, "request_id": "r" * 26}
        assert client.post("/pod/verifications", data=form, headers=headers).status_code == 400, method


def test_a_contact_who_moved_to_another_company_is_not_verified_under_the_old_policy(
    client: FlaskClient, northgate: Seeds
) -> None:
    now = datetime.now(UTC)
    pod = PodSession(northgate.tenant.id, northgate.integration.id, northgate.user.id, "ticket:48213", "77", False,
                     int(now.timestamp()), "999")  # fmt: skip
    headers = {pod_token.HEADER: pod_token.issue(pod, now), "HX-Request": "true"}
    form = {"destination": northgate.target().key, "method": "sms_code", "request_id": "r" * 26}
    for answer in (
        client.get("/pod/rows", headers=headers),
        client.post("/pod/verifications", data=form, headers=headers),
        client.post("/pod/word", data={"note": "stands at my desk", "request_id": "r" * 26}, headers=headers),
    ):
        assert answer.status_code == 409
        assert "The caller belongs to another company now. Reload the pod." in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"destination": "x", "method": "carrier pigeon", "request_id": "r" * 26},
        {"destination": "x" * 90_000, "method": "sms_code", "request_id": "r"},
        {"destination": "\x00", "method": "sms_code", "request_id": "r" * 26, "again": "yes"},
    ],
)
def test_bad_input_is_refused_with_a_sentence_and_never_breaks(
    client: FlaskClient, northgate: Seeds, form: dict[str, str]
) -> None:
    headers = {pod_token.HEADER: northgate.token(), "HX-Request": "true"}
    answer = client.post("/pod/verifications", data=form, headers=headers)
    assert 400 <= answer.status_code < 500 and b"<p" in answer.data
    assert answer.headers["HX-Retarget"] == "#page-problem"
    other = client.post(f"/pod/verifications/{'z' * 26}/check", data=form, headers=headers)
    assert 400 <= other.status_code < 500
