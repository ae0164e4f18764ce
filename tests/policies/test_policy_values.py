"""The policy as a value: one thing laid over another, moves in the list, words, and cautions."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_strategies import settings

from podserver.policies.cautions import PHONE_RISK, Gravity, cautions, risk_of
from podserver.policies.forms import move_method
from podserver.policies.policy import (
    DEFAULT,
    SETTINGS,
    BadPolicy,
    Policy,
    TypedNumber,
    as_settings,
    clean,
    effective,
    effective_of,
)
from podserver.policies.wording import CHOICES, GROUPS, WORDINGS, in_words
from podserver.tools import AUTHENTICATOR, DUO, MAIL, MICROSOFT, SMS, VOICE
from podserver.verification.methods import METHODS, NAMES
from podserver.verification.strength import Strength

EVERYTHING = frozenset({SMS, VOICE, MAIL, DUO, MICROSOFT, AUTHENTICATOR})


@given(settings(), settings())
def test_what_a_client_sets_counts_and_the_default_counts_for_the_rest(
    default: dict[str, Any], own: dict[str, Any]
) -> None:
    default, own = clean(default, NAMES), clean(own, NAMES)
    said = as_settings(effective(json.dumps(default), json.dumps(own)))
    for name in SETTINGS:
        assert said[name] == own.get(name, default.get(name, as_settings(DEFAULT)[name])), name


@given(settings())
def test_a_client_that_sets_nothing_has_the_default_and_one_that_sets_all_has_none(
    own: dict[str, Any],
) -> None:
    stored = json.dumps(clean(own, NAMES))
    assert effective(stored, None) == effective(stored, "{}") == effective(None, stored)
    whole = json.dumps(as_settings(effective(None, stored)))
    assert effective(json.dumps(as_settings(Policy(minutes_green=7))), whole) == effective(None, stored)


@given(settings())
def test_cleaning_twice_is_cleaning_once_and_what_is_stored_reads_back(own: dict[str, Any]) -> None:
    once = clean(own, NAMES)
    assert clean(once, NAMES) == once
    assert clean(as_settings(effective_of(once)), NAMES) == as_settings(effective_of(once))


def test_what_another_release_wrote_and_this_one_does_not_know_leaves_what_stands_behind_it() -> None:
    other = json.dumps({"minimum_strength": "Z", "moon_phase": "full", "minutes_green": 30})
    read = effective(json.dumps({"minimum_strength": "C"}), other)
    assert (read.minimum_strength, read.minutes_green) == (Strength.C, 30)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"moon_phase": 1}, "There is no setting 'moon_phase'."),
        ({"minutes_green": 4}, "from 5 to 480"),
        ({"minutes_green": True}, "from 5 to 480"),
        ({"minutes_alive": 11}, "from 1 to 10"),
        ({"minutes_alive": "5"}, "from 1 to 10"),
        ({"methods": []}, "at least one way"),
        ({"methods": ["sms_code", "sms_code"]}, "once"),
        ({"methods": ["pigeon"]}, "There is no 'pigeon'"),
        ({"methods": "sms_code"}, "a list of names"),
        ({"note_outcomes": ["verified"]}, "always told of verified and of denied"),
        ({"banner": "x" * 241}, "240 characters"),
        ({"banner_colour": "mauve"}, "one of quiet, amber, red, green"),
        ({"adhoc_number": "no"}, "true or false"),
        ({"minimum_strength": ["D"]}, "one of A, B, C, D, E"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence_and_its_name(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        clean(said, NAMES)
    assert sentence in str(refused.value)
    assert refused.value.field == next(iter(said))


def test_a_banner_is_one_line_without_what_nobody_can_see() -> None:
    assert clean({"banner": " a\tb\r\nc\u202e\u0007 d "}, NAMES) == {"banner": "a b c d"}


def test_every_setting_has_its_words_and_its_place_on_the_page() -> None:
    names = {field.name for field in fields(Policy)}
    assert set(WORDINGS) == names == set(SETTINGS)
    assert sorted(name for _title, group in GROUPS for name in group) == sorted(names)
    for name, value in as_settings(DEFAULT).items():
        assert in_words(name, value) == in_words(name, getattr(DEFAULT, name)) != ""
        if name in CHOICES:
            assert len({words for _value, words in CHOICES[name]}) == len(CHOICES[name])


@given(
    st.permutations(sorted(NAMES)), st.integers(0, 9), st.sampled_from(sorted(NAMES)), st.sampled_from(["up", "down"])
)
def test_a_move_swaps_two_neighbours_or_nothing(order: list[str], length: int, name: str, how: str) -> None:
    methods = order[:length]
    moved = move_method(methods, name, how)
    if name not in methods:
        assert moved == [*methods, name]
        return
    place = methods.index(name)
    other = place + (1 if how == "down" else -1)
    expected = list(methods)
    if 0 <= other < len(methods):
        expected[place], expected[other] = expected[other], expected[place]
    assert moved == expected


def test_methods_are_put_in_at_the_end_and_taken_out_from_anywhere() -> None:
    assert move_method(["sms_code", "duo_push"], "manual", "in") == ["sms_code", "duo_push", "manual"]
    assert move_method(["sms_code", "duo_push"], "sms_code", "out") == ["duo_push"]
    assert move_method(["sms_code"], "duo_push", "out") == ["sms_code"]


def said_about(policy: Policy, ready: frozenset[str] = EVERYTHING) -> list[tuple[str, str]]:
    return [(caution.gravity.value, caution.setting) for caution in cautions(policy, ready)]


def test_podservers_own_policy_says_nothing_once_everything_is_set_up() -> None:
    assert said_about(DEFAULT) == []
    assert risk_of(DEFAULT) == ""


PHONE_ONLY = [
    Policy(methods=("sms_code",)),
    Policy(methods=("sms_code", "voice_code", "sms_link")),
    # A technician's word is no other way, and nor is one that the minimum rules out.
    Policy(methods=("sms_code", "manual")),
    Policy(methods=("sms_code", "mail_link", "duo_push"), minimum_strength=Strength.C),
]


@pytest.mark.parametrize("policy", PHONE_ONLY)
def test_only_the_telephone_network_is_a_risk_that_somebody_has_to_accept(policy: Policy) -> None:
    grave = [caution for caution in cautions(policy, EVERYTHING) if caution.gravity == Gravity.RED]
    assert [(each.sentence, each.risk) for each in grave] == [(PHONE_RISK, True)]
    assert "NIST SP 800-63B-4 (3.1.3.3)" in PHONE_RISK
    assert risk_of(policy) == PHONE_RISK
    assert risk_of(replace(policy, methods=(*policy.methods, "microsoft_sign_in"))) == ""


def test_a_minimum_that_leaves_no_way_is_said_in_red() -> None:
    policy = Policy(minimum_strength=Strength.A)
    assert said_about(policy) == [("red", "minimum_strength")]
    assert "No way that is allowed is strongest or better" in cautions(policy, EVERYTHING)[0].sentence
    assert said_about(Policy(methods=("manual",)))[0] == ("red", "methods")


def test_what_is_allowed_and_not_set_up_does_not_count_as_another_way() -> None:
    assert said_about(DEFAULT, frozenset()) == [("red", "methods")]
    phone_at_hand = cautions(DEFAULT, frozenset({SMS}))
    assert [caution.gravity for caution in phone_at_hand] == [Gravity.RED]
    assert "Allowed, but not set up: Duo push, E-mail link" in phone_at_hand[0].sentence
    # Tools come and go, so nobody has to accept anything for them.
    assert not phone_at_hand[0].risk
    assert said_about(DEFAULT, frozenset({SMS, MAIL})) == []


@pytest.mark.parametrize(
    ("policy", "setting", "word"),
    [
        (Policy(typed_number=TypedNumber.NEVER), "typed_number", "Mail gateways"),
        (Policy(methods=("sms_code", "mail_code", "authenticator_push")), "methods", "does not document"),
        (Policy(methods=("sms_code", "mail_code", "manual")), "methods", "by hand"),
        (Policy(adhoc_number=True), "adhoc_number", "not on file"),
    ],
)
def test_a_choice_to_make_knowingly_is_said_in_amber(policy: Policy, setting: str, word: str) -> None:
    (found,) = cautions(policy, EVERYTHING)
    assert (found.gravity, found.setting) == (Gravity.AMBER, setting)
    assert word in found.sentence


def test_links_by_mail_that_are_not_allowed_need_no_number() -> None:
    assert said_about(Policy(methods=("sms_code", "mail_code"), typed_number=TypedNumber.NEVER)) == []


@given(settings(), st.frozensets(st.sampled_from(sorted(EVERYTHING))))
def test_cautions_have_something_to_say_of_every_policy_and_break_at_none(
    own: dict[str, Any], ready: frozenset[str]
) -> None:
    policy = effective_of(clean(own, NAMES))
    found = cautions(policy, ready)
    assert [each.gravity for each in found] == sorted((each.gravity for each in found), reverse=True)
    assert bool(risk_of(policy)) == any(each.risk for each in found)
    assert all(each.setting in SETTINGS and each.sentence.endswith(".") for each in found)
    assert set(policy.methods) <= set(METHODS)
