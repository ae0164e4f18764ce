"""The prompt's OIDC through Duo's own client: the round trip, what is refused on both sides, and what goes wrong."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from duo_rig import CALLBACK, Emulator
from duo_universal import DuoException
from requests.exceptions import ConnectionError, ReadTimeout

from emulators.duo import AUTH_IKEY, AUTH_SKEY, WEB_SDK_CLIENT_ID, WEB_SDK_CLIENT_SECRET

SAM = "sam@northgate.example"
STATE = "s" * 36
NONCE = "n" * 36

pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")


def open_prompt(duo: Emulator, url: str) -> requests.Response:
    return requests.get(url, verify=str(duo.authority), timeout=5, allow_redirects=False)


def press(duo: Emulator, page: requests.Response, answer: str = "approve", **values) -> requests.Response:
    found = re.search(r'name="sid" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    form = {"sid": found[1], "answer": answer}
    return duo.post("/oauth/v1/prompt", data=form, allow_redirects=False, **values)


def query_of(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    location = answer.headers["Location"]
    assert location.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def code_for(duo: Emulator, client, username: str = SAM, nonce: str | None = None) -> str:
    page = open_prompt(duo, client.create_auth_url(username, STATE, nonce))
    return query_of(press(duo, page))["duo_code"]


def test_the_whole_way_round(duo):
    client = duo.universal()
    assert client.health_check()["stat"] == "OK"
    page = open_prompt(duo, client.create_auth_url(SAM, STATE, NONCE))
    assert page.status_code == 200 and SAM in page.text and "iOS (XXX-XXX-0186)" in page.text
    back = query_of(press(duo, page))
    assert back.keys() == {"state", "duo_code"} and back["state"] == STATE
    token = client.exchange_authorization_code_for_2fa_result(back["duo_code"], SAM, NONCE)
    assert token["auth_result"] == {"result": "allow", "status": "allow", "status_msg": "Login Successful"}
    assert (token["preferred_username"], token["sub"], token["nonce"]) == (SAM, SAM, NONCE)
    assert (token["iss"], token["aud"]) == (f"https://{duo.host}/oauth/v1/token", WEB_SDK_CLIENT_ID)
    assert token["exp"] - token["iat"] == 300
    context = token["auth_context"]
    assert (context["reason"], context["factor"], context["result"]) == ("user_approved", "duo_push", "success")
    assert (context["user"]["name"], context["auth_device"]["name"]) == (SAM, "iOS (XXX-XXX-0186)")


def test_a_nonce_is_in_the_token_only_when_it_was_sent(duo):
    client = duo.universal()
    token = client.exchange_authorization_code_for_2fa_result(code_for(duo, client), SAM)
    assert "nonce" not in token
    with pytest.raises(DuoException, match="nonce"):
        client.exchange_authorization_code_for_2fa_result(code_for(duo, client), SAM, NONCE)


def test_the_parameter_is_called_code_for_those_who_ask_for_it(duo):
    client = duo.universal(use_duo_code_attribute=False)
    back = query_of(press(duo, open_prompt(duo, client.create_auth_url(SAM, STATE))))
    assert back.keys() == {"state", "code"}
    assert client.exchange_authorization_code_for_2fa_result(back["code"], SAM)


def test_a_query_of_the_redirect_uri_is_kept(duo):
    client = duo.universal(redirect_uri=CALLBACK + "?tenant=7")
    back = query_of(press(duo, open_prompt(duo, client.create_auth_url(SAM, STATE))))
    assert back.keys() == {"tenant", "state", "duo_code"}


def test_the_prompt_stays_out_of_frames_and_cuts_its_opener(duo):
    url = duo.universal().create_auth_url(SAM, STATE)
    headers = open_prompt(duo, url).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    duo.faults(opener_policy=False)
    assert "Cross-Origin-Opener-Policy" not in open_prompt(duo, url).headers


def test_a_denial_stays_on_the_page_or_comes_back_as_an_error(duo):
    url = duo.universal().create_auth_url(SAM, STATE)
    denied = press(duo, open_prompt(duo, url), "deny")
    assert (denied.status_code, "Access denied" in denied.text) == (200, True)
    duo.faults(denial_redirects=True)
    back = query_of(press(duo, open_prompt(duo, url), "deny"))
    assert (back["error"], back["state"]) == ("access_denied", STATE)
    assert "duo_code" not in back


def test_a_prompt_is_answered_once(duo):
    page = open_prompt(duo, duo.universal().create_auth_url(SAM, STATE))
    press(duo, page)
    assert press(duo, page).status_code == 410


def test_only_this_machine_presses_the_buttons(duo):
    page = open_prompt(duo, duo.universal().create_auth_url(SAM, STATE))
    assert press(duo, page, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert press(duo, page, headers={"Origin": f"https://{duo.host}"}).status_code == 303


def test_the_prompt_can_answer_by_itself_or_never(duo):
    client = duo.universal()
    url = client.create_auth_url(SAM, STATE)
    duo.faults(prompt="approve")
    assert client.exchange_authorization_code_for_2fa_result(query_of(open_prompt(duo, url))["duo_code"], SAM)
    duo.faults(prompt="deny")
    assert "Access denied" in open_prompt(duo, url).text
    duo.faults(prompt="never")
    page = open_prompt(duo, url)
    assert page.status_code == 200 and "<form" not in page.text


def test_users_of_each_status_meet_what_their_status_says(duo):
    client = duo.universal()
    for name in ("theo.b", "carla.n"):
        assert "Access denied" in open_prompt(duo, client.create_auth_url(name, STATE)).text
    code = query_of(open_prompt(duo, client.create_auth_url("mateo.f", STATE)))["duo_code"]
    token = client.exchange_authorization_code_for_2fa_result(code, "mateo.f")
    assert (token["auth_result"]["status"], token["auth_context"]["reason"]) == ("bypass", "bypass_user")


@pytest.mark.parametrize(("policy", "shown"), [("enroll", "<form"), ("deny", "Access denied")])
def test_somebody_unknown_meets_the_policy_for_new_users(duo, policy, shown):
    duo.faults(new_users=policy)
    assert shown in open_prompt(duo, duo.universal().create_auth_url("new@northgate.example", STATE)).text


def test_a_code_is_worth_one_token(duo):
    client = duo.universal()
    code = code_for(duo, client)
    client.exchange_authorization_code_for_2fa_result(code, SAM)
    with pytest.raises(DuoException, match="invalid_grant"):
        client.exchange_authorization_code_for_2fa_result(code, SAM)


def test_a_code_ends_after_its_life(duo):
    duo.faults(code_life_seconds=0.2)
    client = duo.universal()
    code = code_for(duo, client)
    time.sleep(0.3)
    with pytest.raises(DuoException, match="invalid_grant"):
        client.exchange_authorization_code_for_2fa_result(code, SAM)


def test_a_code_is_for_the_redirect_uri_it_was_made_for(duo):
    code = code_for(duo, duo.universal())
    with pytest.raises(DuoException, match="redirect_uri"):
        duo.universal(redirect_uri=CALLBACK + "/").exchange_authorization_code_for_2fa_result(code, SAM)


def test_a_wrong_secret_is_refused_everywhere(duo):
    client, liar = duo.universal(), duo.universal("x" * 40)
    with pytest.raises(DuoException, match="invalid_client"):
        liar.health_check()
    assert open_prompt(duo, liar.create_auth_url(SAM, STATE)).status_code == 400
    with pytest.raises(DuoException, match="invalid_client"):
        liar.exchange_authorization_code_for_2fa_result(code_for(duo, client), SAM)


def test_an_outdated_link_is_refused_after_a_minutes_grace(duo):
    client = duo.universal()
    url = client.create_auth_url(SAM, STATE)
    duo.faults(clock_skew_seconds=350)
    assert open_prompt(duo, url).status_code == 200
    duo.faults(clock_skew_seconds=370)
    page = open_prompt(duo, url)
    assert page.status_code == 400 and "expired" in page.text


# What the product signs, one wrong claim per row


def assertion(duo, path, *, secret=WEB_SDK_CLIENT_SECRET, algorithm="HS512", **changes):
    claims = {
        "iss": WEB_SDK_CLIENT_ID,
        "sub": WEB_SDK_CLIENT_ID,
        "aud": f"https://{duo.host}/oauth/v1/{path}",
        "exp": time.time() + 300,
        "jti": "j" * 36,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, None if algorithm == "none" else secret, algorithm=algorithm)


WRONG_ASSERTIONS = [
    {"secret": "x" * 40},
    {"algorithm": "HS256"},
    {"algorithm": "none"},
    {"iss": AUTH_IKEY},
    {"sub": AUTH_IKEY},
    {"aud": "https://localhost/oauth/v1/token"},
    {"aud": None},
    {"exp": None},
    {"exp": "soon"},
    {"exp": 1.5},
    {"exp": time.time() + 86_400},
    {"jti": None},
]


def health(duo, token, client_id=WEB_SDK_CLIENT_ID):
    return duo.post("/oauth/v1/health_check", data={"client_id": client_id, "client_assertion": token})


@pytest.mark.parametrize("wrong", WRONG_ASSERTIONS)
def test_the_health_check_refuses_each_wrong_assertion(duo, wrong):
    assert health(duo, assertion(duo, "health_check")).json()["stat"] == "OK"
    answer = health(duo, assertion(duo, "health_check", **wrong))
    assert answer.status_code == 400
    body = answer.json()
    assert (body["stat"], body["code"], body["message"]) == ("FAIL", 40002, "invalid_client")
    assert body["message_detail"] == "The provided client_assertion was invalid."
    assert isinstance(body["timestamp"], int)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é.é.é", "e30.e30.", "W10.W10.W10"])
def test_what_is_no_token_is_refused(duo, text):
    assert health(duo, text).json()["message"] == "invalid_client"


def test_keys_of_another_kind_do_not_open_the_prompt(duo):
    foreign = assertion(duo, "health_check", secret=AUTH_SKEY, iss=AUTH_IKEY, sub=AUTH_IKEY)
    assert health(duo, foreign, AUTH_IKEY).json()["message"] == "invalid_client"


def exchange(duo, send_as="params", **changes):
    code = changes.pop("code", None) or code_for(duo, duo.universal())
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": WEB_SDK_CLIENT_ID,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(duo, "token"),
        **changes,
    }
    return duo.post("/oauth/v1/token", **{send_as: values})


@pytest.mark.parametrize("send_as", ["params", "data"])
def test_the_token_is_given_to_a_query_and_to_a_form(duo, send_as):
    body = exchange(duo, send_as).json()
    assert body.keys() == {"id_token", "access_token", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (300, "Bearer")


@pytest.mark.parametrize("wrong", [{"secret": "x" * 40}, {"algorithm": "none"}, {"iss": AUTH_IKEY}, {"exp": 1.5}])
def test_the_token_is_refused_to_a_wrong_assertion_and_the_code_stays_good(duo, wrong):
    code = code_for(duo, duo.universal())
    answer = exchange(duo, code=code, client_assertion=assertion(duo, "token", **wrong))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    assert exchange(duo, code=code).status_code == 200


def test_an_assertion_for_another_endpoint_buys_no_token(duo):
    answer = exchange(duo, client_assertion=assertion(duo, "health_check"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_client"),
        ({"client_id": AUTH_IKEY}, "invalid_client"),
        ({"code": "0" * 32}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:9/other"}, "invalid_grant"),
    ],
)
def test_the_token_is_refused_to_each_wrong_parameter(duo, change, error):
    answer = exchange(duo, **change)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://localhost"},
        {"aud": None},
        {"iss": AUTH_IKEY},
        {"client_id": AUTH_IKEY},
        {"scope": "profile"},
        {"response_type": "token"},
        {"state": "s" * 15},
        {"state": "s" * 1025},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": None},
        {"duo_uname": ""},
        {"exp": None},
    ],
)
def test_the_prompt_refuses_each_wrong_request_without_going_back(duo, change):
    good = {
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "client_id": WEB_SDK_CLIENT_ID,
        "aud": f"https://{duo.host}",
        "state": STATE,
        "response_type": "code",
        "duo_uname": SAM,
        "sub": None,
        "jti": None,
    }

    def ask(claims):
        token = assertion(duo, "", **claims)
        query = {"response_type": "code", "client_id": WEB_SDK_CLIENT_ID, "request": token}
        return open_prompt(duo, f"https://{duo.host}/oauth/v1/authorize?{urlencode(query)}")

    assert ask(good).status_code == 200
    refused = ask({**good, **change})
    assert refused.status_code == 400
    assert "Location" not in refused.headers


# What the client must refuse


@pytest.mark.parametrize(
    "kind",
    [
        "username_case",
        "username_missing",
        "other_username",
        "wrong_issuer",
        "wrong_audience",
        "wrong_nonce",
        "exp_missing",
        "iat_missing",
        "wrong_key",
        "hs256",
        "alg_none",
    ],
)
def test_duos_client_refuses_each_wrong_token(duo, kind):
    client = duo.universal()
    duo.faults(id_token=kind)
    with pytest.raises(DuoException):
        client.exchange_authorization_code_for_2fa_result(code_for(duo, client, nonce=NONCE), SAM, NONCE)


@pytest.mark.parametrize("kind", ["auth_result_deny", "auth_result_missing"])
def test_duos_client_lets_a_denied_result_pass(duo, kind):
    client = duo.universal()
    duo.faults(id_token=kind)
    token = client.exchange_authorization_code_for_2fa_result(code_for(duo, client), SAM)
    assert token.get("auth_result", {}).get("result") != "allow"


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(50, True), (75, False), (-300 - 50, True), (-300 - 75, False), (-200, True)]
)
def test_duos_client_allows_a_minute_between_the_clocks(duo, seconds, accepted):
    client = duo.universal()
    duo.faults(id_token_shift_seconds=seconds)
    code = code_for(duo, client)
    if accepted:
        assert client.exchange_authorization_code_for_2fa_result(code, SAM)
    else:
        with pytest.raises(DuoException):
            client.exchange_authorization_code_for_2fa_result(code, SAM)


# Troubles of the way


def test_a_bad_gateway_is_a_page_of_html(duo):
    client = duo.universal()
    code = code_for(duo, client)
    duo.faults(bad_gateway=True)
    with pytest.raises(DuoException):
        client.health_check()
    with pytest.raises(json.JSONDecodeError):
        client.exchange_authorization_code_for_2fa_result(code, SAM)
    duo.faults(bad_gateway=False)
    assert client.exchange_authorization_code_for_2fa_result(code, SAM), "the code was not touched"


def test_a_server_that_is_down_and_one_that_is_silent_look_different(duo):
    duo.faults(down=True)
    with pytest.raises(ConnectionError):
        duo.post("/oauth/v1/health_check")
    duo.faults(down=False, hang=True)
    with pytest.raises(ReadTimeout):
        requests.post(f"https://{duo.host}/oauth/v1/health_check", verify=str(duo.authority), timeout=0.3)
    duo.faults(hang=False)
    assert duo.universal().health_check()


def test_no_code_and_no_token_reaches_the_list_of_requests(duo):
    client = duo.universal()
    code = code_for(duo, client)
    client.exchange_authorization_code_for_2fa_result(code, SAM)
    text = duo.get("/_emulator/duo/requests").text
    assert code not in text and "eyJ" not in text and STATE not in text
    paths = [entry["path"] for entry in duo.control("requests")]
    assert paths == ["/oauth/v1/authorize", "/oauth/v1/prompt", "/oauth/v1/token"]
