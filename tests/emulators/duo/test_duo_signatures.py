"""Who is let in: signatures of every version, and each way to get one wrong."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import json
import time

import pytest
import requests
from duo_client.client import sign
from duo_rig import code_of

from emulators.duo import ADMIN_IKEY, ADMIN_SKEY, AUTH_IKEY, AUTH_SKEY, WEB_SDK_CLIENT_ID, WEB_SDK_CLIENT_SECRET
from emulators.duo.signature import SignedCall, parameter_line, recognise, signature

SKEY = "v" * 40
DATE = "Tue, 17 Nov 2026 09:30:00 -0000"
HOST = "api-vector01.duosecurity.test"
PUSH = {
    "async": "1",
    "device": "auto",
    "factor": "push",
    "pushinfo": "ticket=T-100&from=Pod Demo",
    "username": "jane.doe@acme.test",
}
PAIRS = [(name.encode(), value.encode()) for name, value in PUSH.items()]
FORM_CALL = SignedCall(DATE, "POST", HOST, "/auth/v2/auth", form=PAIRS)
JSON_CALL = SignedCall(DATE, "POST", HOST, "/auth/v2/auth", body=json.dumps(PUSH, separators=(",", ":")).encode())
STATUS_CALL = SignedCall(
    DATE, "GET", HOST, "/auth/v2/auth_status", query=[(b"txid", b"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")]
)
V2_SHA1 = "939842b678acc4a7212f190e28dbbe55d4a1db67"
V2_SHA512 = (
    "600277f0de6c3b3e798b9450b03a4eda3839cccc6650685ea617282f927efee7"
    "23c8d5c971309fb408ae8e53ea0851fc0d791d731d9ccb94c4525de9bbac2c33"
)
V5_POST = (
    "8740e57c6e48d26b4e8abe57fdc623d6da11b652a6dc55cf43cb8435d7c11519"
    "79037f56844b4a6c81193982bf06f741191f24c1e1ea2315b24122d53a8a5897"
)
V5_GET = (
    "c158847df1a43285f06e51b6d3483016b64c19bafb69d96a2026ad7edd1bd1cb"
    "9587f7ac7d9de4b71a71b1ff286546b498bde52fad4f5aeee760e86d11c7bfd4"
)


def test_the_parameter_line_agrees_with_the_known_one():
    assert parameter_line(PAIRS) == (
        "async=1&device=auto&factor=push&pushinfo=ticket%3DT-100%26from%3DPod%20Demo&username=jane.doe%40acme.test"
    )


@pytest.mark.parametrize(
    ("call", "version", "digest", "known"),
    [
        (FORM_CALL, 2, "sha1", V2_SHA1),
        (FORM_CALL, 2, "sha512", V2_SHA512),
        (JSON_CALL, 5, "sha512", V5_POST),
        (STATUS_CALL, 5, "sha512", V5_GET),
    ],
)
def test_signatures_agree_with_the_known_vectors(call, version, digest, known):
    assert signature(call, SKEY, version, digest) == known


def test_the_body_of_the_vector_has_the_known_hash():
    assert hashlib.sha512(JSON_CALL.body).hexdigest().startswith("325801c4c059c61becb4f84136ddadd2")


@pytest.mark.parametrize(
    ("call", "presented", "kind"),
    [
        (FORM_CALL, V2_SHA1, "v2-sha1"),
        (FORM_CALL, V2_SHA512, "v2-sha512"),
        (JSON_CALL, V5_POST, "v5"),
        (STATUS_CALL, V5_GET, "v5"),
        (STATUS_CALL, signature(STATUS_CALL, SKEY, 4), "v4"),
        (STATUS_CALL, signature(STATUS_CALL, SKEY, 2, "sha1"), "v2-sha1"),
        (STATUS_CALL, V5_POST, None),
        (JSON_CALL, V2_SHA512, None),
    ],
)
def test_a_signature_is_recognised_by_its_version_and_never_by_another_call(call, presented, kind):
    assert recognise(call, SKEY, presented) == kind


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "v5"),
        ({"sig_version": 5}, "v5"),
        ({"sig_version": 4}, "v4"),
        ({"sig_version": 2}, "v2-sha512"),
        ({"sig_version": 2, "digestmod": hashlib.sha1}, "v2-sha1"),
    ],
)
def test_every_version_of_duos_client_is_let_in_for_get_and_post(duo, options, kind):
    client = duo.auth(**options)
    assert client.check()["time"] == pytest.approx(time.time(), abs=5)
    assert client.preauth(username="dana.w")["result"] == "auth"
    assert client.preauth(username="José & Söhne +~*/ünknown")["result"] == "enroll"
    assert duo.admin(**options).get_users_by_name("José & Söhne +~*/ünknown") == []
    assert {entry["signature"] for entry in duo.control("requests")} == {kind}
    assert duo.control("requests")[2]["parameters"]["username"] == "José & Söhne +~*/ünknown"


def test_headers_of_duos_own_are_under_the_signature(duo):
    client = duo.auth()
    response, data = client.api_call("GET", "/auth/v2/check", {}, additional_headers={"X-Duo-Trace": "one two"})
    assert (response.status, json.loads(data)["stat"]) == (200, "OK")
    date = email.utils.formatdate()
    signed = sign(
        AUTH_IKEY, AUTH_SKEY, "GET", "localhost", "/auth/v2/check", date, 5, {}, "", additional_headers={"X-Duo-A": "1"}
    )
    changed = {"Authorization": signed, "Date": date, "X-Duo-A": "2"}
    assert duo.get("/auth/v2/check", headers=changed).json()["code"] == 40103
    assert duo.get("/auth/v2/check", headers={**changed, "X-Duo-A": "1"}).status_code == 200


def test_ping_needs_no_signature(duo):
    assert duo.get("/auth/v2/ping").json()["response"]["time"] == pytest.approx(time.time(), abs=5)
    assert duo.auth(skey="x" * 40).ping()


def signed_headers(*, ikey=AUTH_IKEY, skey=AUTH_SKEY, date=None, path="/auth/v2/check"):
    date = email.utils.formatdate() if date is None else date
    return {"Date": date, "Authorization": sign(ikey, skey, "GET", "localhost", path, date, 5, {}, "")}


def refusal(duo, headers):
    answer = duo.get("/auth/v2/check", headers=headers)
    body = answer.json()
    assert body["stat"] == "FAIL"
    assert body["message"]
    assert answer.status_code == body["code"] // 100
    return body["code"]


def test_each_fault_of_the_credentials_has_its_code(duo):
    good = signed_headers()
    assert duo.get("/auth/v2/check", headers=good).status_code == 200
    assert refusal(duo, {}) == 40101
    assert refusal(duo, {**good, "Authorization": "Bearer x"}) == 40101
    assert refusal(duo, signed_headers(ikey="DI" + "0" * 18)) == 40102
    assert refusal(duo, signed_headers(skey="x" * 40)) == 40103
    assert refusal(duo, signed_headers(path="/auth/v2/ping")) == 40103
    assert refusal(duo, {"Authorization": good["Authorization"]}) == 40104
    assert refusal(duo, {**good, "Date": "yesterday"}) == 40105


@pytest.mark.parametrize(("seconds", "code"), [(-290, None), (290, None), (-310, 40105), (310, 40105)])
def test_a_date_may_be_300_seconds_off_and_no_more(duo, seconds, code):
    headers = signed_headers(date=email.utils.formatdate(time.time() + seconds))
    if code:
        assert refusal(duo, headers) == code
    else:
        assert duo.get("/auth/v2/check", headers=headers).status_code == 200


@pytest.mark.parametrize("seconds", [-310, 310])
def test_duos_own_clock_can_be_wrong(duo, seconds):
    duo.faults(clock_skew_seconds=seconds)
    assert code_of(duo.auth().check) == 40105
    assert duo.auth().ping()["time"] == pytest.approx(time.time() + seconds, abs=5)


def test_a_body_that_is_neither_json_nor_a_form_is_refused(duo):
    date = email.utils.formatdate()
    body = '{"username":"dana.w"}'
    signed = sign(AUTH_IKEY, AUTH_SKEY, "POST", "localhost", "/auth/v2/preauth", date, 5, {}, body)
    headers = {"Authorization": signed, "Date": date, "Content-Type": "application/json"}
    assert duo.post("/auth/v2/preauth", data=body, headers=headers).json()["response"]["result"] == "auth"
    answer = duo.post("/auth/v2/preauth", data=body, headers={**headers, "Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (401, 40106)
    for other in ("[1]", "{", '{"username":["dana.w"]}'):
        signed = sign(AUTH_IKEY, AUTH_SKEY, "POST", "localhost", "/auth/v2/preauth", date, 5, {}, other)
        answer = duo.post("/auth/v2/preauth", data=other, headers={**headers, "Authorization": signed})
        assert answer.json()["code"] == 40002


def test_a_changed_body_is_refused(duo):
    date = email.utils.formatdate()
    signed = sign(AUTH_IKEY, AUTH_SKEY, "POST", "localhost", "/auth/v2/preauth", date, 5, {}, '{"username":"dana.w"}')
    headers = {"Authorization": signed, "Date": date, "Content-Type": "application/json"}
    assert duo.post("/auth/v2/preauth", data='{"username":"wei.l"}', headers=headers).json()["code"] == 40103


@pytest.mark.parametrize("keys", [(ADMIN_IKEY, ADMIN_SKEY), (WEB_SDK_CLIENT_ID, WEB_SDK_CLIENT_SECRET)])
def test_keys_of_another_kind_do_not_open_the_auth_api(duo, keys):
    assert code_of(duo.auth(*keys).check) == 40301


@pytest.mark.parametrize("keys", [(AUTH_IKEY, AUTH_SKEY), (WEB_SDK_CLIENT_ID, WEB_SDK_CLIENT_SECRET)])
def test_keys_of_another_kind_do_not_open_the_admin_api(duo, keys):
    assert code_of(duo.admin(*keys).get_info_summary) == 40301


@pytest.mark.parametrize("path", ["/auth/v2/enroll", "/admin/v1/groups"])
def test_an_unknown_path_is_40401_and_only_for_those_who_may_ask(duo, path):
    ikey, skey = (ADMIN_IKEY, ADMIN_SKEY) if "admin" in path else (AUTH_IKEY, AUTH_SKEY)
    assert duo.get(path).json()["code"] == 40101
    assert duo.get(path, headers=signed_headers(ikey=ikey, skey=skey, path=path)).json()["code"] == 40401


def test_keys_have_the_lengths_that_duos_clients_ask_for():
    keys = (WEB_SDK_CLIENT_ID, AUTH_IKEY, ADMIN_IKEY)
    secrets = (WEB_SDK_CLIENT_SECRET, AUTH_SKEY, ADMIN_SKEY)
    assert {len(key) for key in keys} == {20} and len(set(keys)) == 3
    assert {len(secret) for secret in secrets} == {40} and len(set(secrets)) == 3


def test_no_secret_reaches_the_list_of_requests(duo):
    duo.auth().check()
    duo.post("/oauth/v1/health_check", data={"client_assertion": "a.secret.token", "client_id": WEB_SDK_CLIENT_ID})
    text = duo.get("/_emulator/duo/requests").text
    header = requests.Request("GET", "https://x.test", headers=signed_headers()).prepare().headers["Authorization"]
    for secret in (AUTH_SKEY, header, base64.b64encode(AUTH_IKEY.encode()).decode()[:20], "a.secret.token"):
        assert secret not in text
    assert [entry["status"] for entry in duo.control("requests")] == [200, 400]
