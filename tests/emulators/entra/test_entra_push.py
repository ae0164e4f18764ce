"""The push service: both forms of a push, who gets none and why, and what the person's answer becomes."""

from __future__ import annotations

import threading
import time

import pytest
import requests
from entra_rig import DANA, GRAPH_SCOPE, PUSH_SCOPE, SECRET, Answer, begin_body, read, wait_for

from emulators.entra import HARBOR_TENANT, LARKFIELD_TENANT, PUSH_CLIENT_ID

MARCUS, INGRID = "marcus@larkfield.example", "ingrid@larkfield.example"
ANSWERS = [
    ("approve", "approved", "Success", "true"),
    ("deny", "denied", "PhoneAppDenied", "false"),
    ("fraud", "fraud", "PhoneAppFraudReported", "false"),
]


def text(answer: Answer, path: str) -> str | None:
    return answer.document.findtext(path) or None


@pytest.fixture
def harbor_token(entra):
    entra.control("credentials", tenant=HARBOR_TENANT, secret=SECRET).raise_for_status()
    return entra.app_token(HARBOR_TENANT, PUSH_SCOPE, PUSH_CLIENT_ID, SECRET)


@pytest.mark.parametrize(("pressed", "state", "value", "authenticated"), ANSWERS)
def test_a_push_that_is_asked_about_is_pending_until_the_person_answers(
    entra, token, pressed, state, value, authenticated
):
    begun = entra.begin(DANA, token)
    assert (begun.value, begun.authenticated) == ("Success", None)
    pending = entra.end(begun.session, DANA, token)
    assert (pending.value, pending.authenticated) == ("AuthenticationPending", None)
    assert text(pending, "./Result/Retry") == "true"
    assert "not been completed" in text(pending, "./Result/Message")
    (shown,) = entra.pushes()
    assert (shown["session"], shown["upn"], shown["tenant"], shown["state"]) == (
        begun.session,
        DANA,
        LARKFIELD_TENANT,
        "waiting",
    )
    assert entra.press(shown["session"], pressed).json()["state"] == state
    ended = entra.end(begun.session, DANA, token)
    assert (ended.value, ended.authenticated) == (value, authenticated)
    assert text(ended, "./Result/Message") == (None if value == "Success" else "Authentication method failed.")
    assert entra.pushes()[0]["state"] == state


@pytest.mark.parametrize(("pressed", "state", "value", "authenticated"), ANSWERS)
def test_a_blocking_push_answers_when_the_person_does(entra, token, pressed, state, value, authenticated):
    answers: list[Answer] = []
    call = threading.Thread(target=lambda: answers.append(entra.begin(DANA, token, sync=True)))
    call.start()
    session = wait_for(entra.pushes)[0]["session"]
    time.sleep(0.1)
    assert answers == []
    entra.press(session, pressed)
    call.join(5)
    assert (answers[0].value, answers[0].authenticated) == (value, authenticated)
    assert entra.pushes()[0]["state"] == state


def test_a_blocking_push_without_an_answer_ends_in_time(entra, token):
    entra.faults(no_answer_seconds=0.3)
    started = time.monotonic()
    answer = entra.begin(DANA, token, sync=True)
    assert (answer.value, answer.authenticated) == ("PhoneAppNoResponse", "false")
    assert 0.3 <= time.monotonic() - started < 2
    assert entra.pushes()[0]["state"] == "no_answer"


def test_a_polled_push_without_an_answer_ends_in_time_and_cannot_be_answered_late(entra, token):
    entra.faults(no_answer_seconds=0.2)
    session = entra.begin(DANA, token).session
    assert entra.end(session, DANA, token).value == "AuthenticationPending"
    wait_for(lambda: entra.end(session, DANA, token).value == "PhoneAppNoResponse")
    assert entra.press(session, "approve").status_code == 409
    assert entra.end(session, DANA, token).authenticated == "false"


def test_the_wait_is_56_seconds_unless_told_otherwise(entra):
    assert entra.look("faults")["no_answer_seconds"]["value"] == 56


def test_a_session_cannot_be_asked_about_for_ever(entra, token):
    entra.faults(session_seconds=0.2)
    session = entra.begin(DANA, token).session
    entra.press(session, "approve")
    wait_for(lambda: entra.end(session, DANA, token).value == "InvalidSession")


def test_a_script_answers_by_itself(entra, token):
    entra.faults(script={DANA: "approve:0.3"})
    assert entra.begin(DANA, token, sync=True).authenticated == "true"
    entra.faults(script={DANA: "deny"})
    session = entra.begin(DANA, token).session
    assert entra.end(session, DANA, token).value == "PhoneAppDenied"
    entra.faults(script={DANA: None})
    session = entra.begin(DANA, token).session
    assert entra.end(session, DANA, token).value == "AuthenticationPending"


def test_a_script_that_is_slower_than_the_wait_comes_too_late(entra, token):
    entra.faults(script={DANA: "approve:5"}, no_answer_seconds=0.1)
    assert entra.begin(DANA, token, sync=True).value == "PhoneAppNoResponse"


def test_a_second_push_while_the_first_is_open_is_a_duplicate(entra, token):
    first = entra.begin(DANA, token)
    second = entra.begin(DANA, token)
    assert (second.value, second.authenticated, second.session) == ("UserAuthFailedDuplicateRequest", "false", None)
    entra.press(first.session, "approve")
    third = entra.begin(DANA, token)
    assert third.value == "Success"
    assert [push["session"] for push in entra.pushes()] == [third.session, first.session]


def test_of_many_pushes_at_once_one_reaches_the_phone(entra, token):
    values: list[str] = []
    calls = [threading.Thread(target=lambda: values.append(entra.begin(DANA, token).value)) for _ in range(6)]
    for call in calls:
        call.start()
    for call in calls:
        call.join(10)
    assert sorted(values) == ["Success"] + ["UserAuthFailedDuplicateRequest"] * 5


@pytest.mark.parametrize(
    ("upn", "value"),
    [
        ("theo@larkfield.example", "UserNotFound"),
        ("theo.brandt@larkfield.example", "UserNotFound"),
        ("nobody@larkfield.example", "UserNotFound"),
        ("nobody@nowhere.example", "UserNotFound"),
        ("wei@harborlegal.example", "AccessDenied"),
        ("sam@northgate.example", "AccessDenied"),
        (INGRID, "AuthenticationMethodNotConfigured"),
    ],
)
@pytest.mark.parametrize("sync", [True, False])
def test_who_cannot_be_pushed_is_told_at_once(entra, token, upn, value, sync):
    answer = entra.begin(upn, token, sync=sync)
    assert (answer.value, answer.authenticated, answer.session) == (value, "false", None)
    assert entra.look("pushes.json")["pushes"] == []


@pytest.mark.parametrize(
    ("upn", "value"),
    [
        ("amara@harborlegal.example", "UserIsBlocked"),
        ("felix_harborlegal.example#EXT#@harborlegal.example", "AccessDenied"),
        ("wei@harborlegal.example", "UserAuthFailedDuplicateRequest"),
        (DANA, "AccessDenied"),
    ],
)
def test_each_person_of_the_harbor_tenant_shows_a_trouble(entra, harbor_token, upn, value):
    answer = entra.begin(upn, harbor_token)
    assert (answer.value, answer.authenticated) == (value, "false")


def test_a_seeded_trouble_can_be_taken_away(entra, harbor_token):
    entra.faults(result_for={"wei@harborlegal.example": None})
    assert entra.begin("wei@harborlegal.example", harbor_token).value == "Success"
    assert len(entra.pushes("wei@harborlegal.example")) == 1


def test_the_alias_works_by_its_sign_in_name_in_any_letter_case(entra, token):
    assert entra.begin("T.Brandt@Larkfield.Example", token).session
    assert len(entra.pushes("t.brandt@larkfield.example")) == 1


def test_a_default_of_texts_is_a_challenge_and_no_phone_rings(entra, token):
    for sync in (True, False):
        answer = entra.begin(MARCUS, token, sync=sync)
        assert (answer.value, answer.authenticated) == ("Success", "challenge")
        assert answer.session
    assert entra.pushes(MARCUS) == []


def test_a_push_can_be_forced_on_a_default_of_texts_where_the_service_honours_it(entra, token):
    entra.faults(method_id_honoured=True)
    assert entra.begin(MARCUS, token).authenticated is None
    assert len(entra.pushes(MARCUS)) == 1
    assert entra.begin(MARCUS, token, method="").authenticated == "challenge"


def test_without_a_method_the_default_counts(entra, token):
    assert entra.begin(DANA, token, method="").session
    assert len(entra.pushes()) == 1
    assert entra.begin(INGRID, token, method="").value == "NoDefaultAuthenticationMethodIsConfigured"
    entra.faults(preferred={INGRID: "push", MARCUS: "voiceMobile"})
    assert entra.begin(INGRID, token, method="").value == "AuthenticationMethodNotConfigured"
    assert entra.begin(MARCUS, token, method="", sync=True).value == "UserVoiceAuthFailedPhoneUnreachable"
    assert entra.begin(DANA, token, method="Telegraph").value == "StrongAuthenticationServiceInvalidParameter"


def test_a_code_is_checked_and_works_once(entra, token):
    begun = entra.begin(DANA, token, otp="true")
    assert begun.authenticated == "challenge"
    assert entra.pushes() == []
    (waiting,) = entra.look(f"codes.json?upn={DANA}")["codes"]
    wrong = f"{(int(waiting['code']) + 1) % 1_000_000:06d}"
    assert entra.end(begun.session, DANA, token).value == "AuthenticationPending"
    refused = entra.end(begun.session, DANA, token, wrong)
    assert (refused.value, refused.authenticated) == ("OathCodeIncorrect", "false")
    right = entra.end(begun.session, DANA, token, waiting["code"])
    assert (right.value, right.authenticated) == ("Success", "true")
    assert entra.end(begun.session, DANA, token, waiting["code"]).value == "OathCodeDuplicate"


def test_a_texted_code_can_be_tried_three_times(entra, token):
    session = entra.begin(MARCUS, token).session
    tries = [entra.end(session, MARCUS, token, "wrong").value for _ in range(4)]
    assert tries == ["SMSAuthFailedWrongCodeEntered"] * 3 + ["SMSAuthFailedMaxAllowedCodeRetryReached"]


def test_a_fraud_report_can_block_the_person(entra, token):
    entra.faults(fraud_blocks=True)
    entra.press(entra.begin(DANA, token).session, "fraud")
    assert entra.begin(DANA, token).value == "UserIsBlocked"


def test_a_session_belongs_to_its_tenant_and_its_person(entra, token, harbor_token):
    session = entra.begin(DANA, token).session
    entra.press(session, "approve")
    assert entra.end(session, DANA, harbor_token).value == "InvalidSession"
    assert entra.end(session, MARCUS, token).value == "InvalidSession"
    assert entra.end("guessed", DANA, token).value == "InvalidSession"
    assert entra.end(session, DANA, token).authenticated == "true"


@pytest.mark.parametrize("slash", ["/", "//"])
def test_one_slash_and_two_lead_to_the_same_place(entra, token, slash):
    answer = entra.push("BeginTwoWayAuthentication", begin_body(DANA), token, slash)
    assert answer.status_code == 200
    assert answer.history == []


def test_other_tokens_are_no_good_here(entra, token):
    graph = entra.app_token(LARKFIELD_TENANT, GRAPH_SCOPE)
    ours = entra.app_token(LARKFIELD_TENANT, PUSH_SCOPE)
    for other in ("", "nonsense", token[:-4] + "AAAA", graph, ours):
        assert entra.push("BeginTwoWayAuthentication", begin_body(DANA), other).status_code == 401
    assert entra.pushes() == []
    assert entra.push("BeginTwoWayAuthentication", begin_body(DANA), token).status_code == 200


def test_the_methods_of_a_person_are_listed_with_their_default(entra, token):
    body = (
        "<GetAvailableAuthenticationMethodsRequest><Version>1.0</Version>"
        "<UserPrincipalName>{}</UserPrincipalName><ContextId>c</ContextId></GetAvailableAuthenticationMethodsRequest>"
    )

    def methods(upn: str) -> tuple[str, dict[str, str]]:
        found = read(entra.push("GetAvailableAuthenticationMethods", body.format(upn), token))
        rows = found.document.findall("./AuthenticationMethods/AuthenticationMethod")
        return found.value, {row.findtext("Id") or "": row.findtext("IsDefault") or "" for row in rows}

    assert methods(MARCUS) == (
        "Success",
        {
            "PhoneAppNotification": "false",
            "PhoneAppOTP": "false",
            "OneWaySMS": "true",
            "TwoWaySMS": "false",
            "TwoWayVoiceMobile": "false",
        },
    )
    assert methods(INGRID) == ("Success", {"TwoWayVoiceOffice": "false"})
    assert methods("theo@larkfield.example") == ("UserNotFound", {})
    assert "5550118" not in entra.push("GetAvailableAuthenticationMethods", body.format(MARCUS), token).text


def test_the_service_can_answer_a_page_or_lose_its_answer(entra, token):
    entra.faults(push_status=502)
    answer = entra.push("BeginTwoWayAuthentication", begin_body(DANA), token)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    entra.faults(push_status=0, push_lost_answers=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        entra.push("BeginTwoWayAuthentication", begin_body(DANA), token)
    assert [push["state"] for push in entra.pushes()] == ["waiting"], "the phone rings all the same"


def test_a_reset_lets_a_blocking_push_go(entra, token):
    answers: list[Answer] = []
    call = threading.Thread(target=lambda: answers.append(entra.begin(DANA, token, sync=True)))
    call.start()
    wait_for(entra.pushes)
    entra.control("reset")
    call.join(5)
    assert answers[0].value == "PhoneAppNoResponse"
    assert entra.pushes() == []
