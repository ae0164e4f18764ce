"""The file of policies: what is written reads back, and what is wrong is refused with its place."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from policy_strategies import settings, value_of

from podserver.integrations.models import Integration
from podserver.policies import file, reading
from podserver.policies.models import PolicyRow
from podserver.policies.policy import SETTINGS, as_settings, clean, effective
from podserver.policies.reading import BadFile
from podserver.policies.service import EVERYBODY, Client, Stored
from podserver.policies.wording import WORDINGS
from podserver.verification.methods import METHODS, NAMES

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PLACES = [Integration(id=3, name="ConnectWise"), Integration(id=4, name="Twin"), Integration(id=5, name="Twin")]
# A name as it is stored: one line, and no surrogates.
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=160).map(file.one_line).filter(bool)
COMPANY = st.from_regex(r"[A-Za-z0-9:._-]{1,40}", fullmatch=True)

CLIENTS = st.tuples(st.sampled_from([3, 4, 5]), COMPANY, NAME, settings())


def default_of(own: dict[str, Any]) -> Stored:
    stored = json.dumps(own)
    policy = effective(stored, None)
    return Stored(EVERYBODY, PolicyRow(settings=stored, risk=""), own, own, policy, policy)


def row_of(integration: int, company: str, name: str, own: dict[str, Any], risk: str = "") -> PolicyRow:
    return PolicyRow(
        integration_id=integration, company=company, company_name=name, settings=json.dumps(own), risk=risk,
        risk_accepted_at=AT if risk else None, risk_accepted_by="Alex\nMoreno" if risk else "",
    )  # fmt: skip


def written(default: dict[str, Any], rows: list[PolicyRow], msp: str = "Northgate IT") -> str:
    return file.write(msp=msp, default=default_of(default), clients=rows, integrations=PLACES, at=AT)


@effort(deadline=None)
@given(
    settings(),
    st.lists(
        st.tuples(st.sampled_from([3, 4, 5]), COMPANY, NAME, settings()), unique_by=lambda row: row[:2], max_size=5
    ),
    NAME,
)
def test_what_is_exported_is_what_is_imported(
    default: dict[str, Any], clients: list[tuple[int, str, str, dict[str, Any]]], msp: str
) -> None:
    default = clean(default, NAMES)
    rows = [row_of(place, company, name, clean(own, NAMES), msp) for place, company, name, own in clients]
    wanted = reading.read(written(default, rows, msp).encode(), PLACES)
    assert wanted[0].client == EVERYBODY
    assert wanted[0].settings == as_settings(default_of(default).policy)
    assert [(each.client, each.settings) for each in wanted[1:]] == [
        (Client(place, company, name), clean(own, NAMES)) for place, company, name, own in clients
    ]


def test_the_file_is_plain_yaml_in_a_fixed_order_that_explains_every_setting_and_way() -> None:
    row = row_of(3, "250", "Larkfield Dental", {"minutes_green": 30, "methods": ["sms_code"]}, "the risk's text")
    text = written({}, [row])
    assert text == written({}, [row])
    for name in SETTINGS:
        assert f"#   {name}: " in text and WORDINGS[name].title in text
    for name in METHODS:
        assert f"#   {name}: " in text
    assert "  # Risk accepted by Alex Moreno on 2026-03-02 12:00 UTC: the risk's text\n" in text
    read = yaml.safe_load(text)
    assert read["clients"] == [
        {
            "integration": "ConnectWise", "company": "250", "name": "Larkfield Dental",
            "settings": {"methods": ["sms_code"], "minutes_green": 30},
        }
    ]  # fmt: skip
    assert list(read["default"]) == list(SETTINGS)


def test_two_integrations_of_one_name_are_told_apart_by_their_number() -> None:
    text = written({}, [row_of(4, "1", "A", {"minutes_green": 30}), row_of(5, "1", "B", {"minutes_green": 31})])
    assert 'integration: "Twin (number 4)"' in text
    assert [each.client.integration_id for each in reading.read(text.encode(), PLACES)[1:]] == [4, 5]


HEAD = "podserver-policies: 1\n"
CLIENT = HEAD + "clients:\n  - integration: ConnectWise\n    company: 250\n    name: Larkfield\n    settings:\n"
REFUSED = {
    "an unknown setting": (HEAD + "default:\n  minuts_green: 30\n", "Line 3, column 3: There is no 'minuts_green'"),
    "its like": (HEAD + "default:\n  minuts_green: 30\n", "did you mean minutes_green?"),
    "an unknown method": (HEAD + "default:\n  methods:\n    - sms_code\n    - pigeon\n", "Line 5, column 7:"),
    "a method twice": (HEAD + "default:\n  methods: [sms_code, sms_code]\n", "Line 3, column 12: methods: Each may"),
    "no methods": (HEAD + "default:\n  methods: []\n", "Allow at least one way"),
    "a word for a list": (HEAD + "default:\n  methods: sms_code\n", "here stands a list"),
    "a list for a number": (HEAD + "default:\n  minutes_green: [30]\n", "Here stands one value"),
    "too many minutes": (HEAD + "default:\n  minutes_alive: 11\n", "Line 3, column 18: minutes_alive: This is a whole"),
    "octal minutes": (HEAD + "default:\n  minutes_green: 010\n", "whole number from 5 to 480"),
    "sexagesimal minutes": (HEAD + "default:\n  minutes_green: 1:30\n", "whole number from 5 to 480"),
    "half a minute": (HEAD + "default:\n  minutes_green: 30.5\n", "whole number from 5 to 480"),
    "half a truth": (HEAD + "default:\n  adhoc_number: perhaps\n", "true or false"),
    "a setting twice": (HEAD + "default:\n  minutes_green: 30\n  minutes_green: 31\n", "Line 4, column 3"),
    "an unknown part": (HEAD + "defaults:\n  minutes_green: 30\n", "did you mean default?"),
    "no head": ("default:\n  minutes_green: 30\n", "does not begin with `podserver-policies: 1`"),
    "a later version": ("podserver-policies: 2\n", "reads version 1"),
    "a list for a file": ("- a\n- b\n", "Here stands a file of policies"),
    "nothing": ("", "The file is empty."),
    "a comment alone": ("# nothing\n", "The file is empty."),
    "broken YAML": (HEAD + "default: {minutes_green: 30\n", "This is not YAML"),
    "a tab": (HEAD + "default:\n\tminutes_green: 30\n", "This is not YAML"),
    "two documents": (HEAD + "---\n" + HEAD, "This is not YAML"),
    "an alias": (HEAD + "default: &a {minutes_green: 30}\nclients: [*a]\n", "Line 2, column 10: Anchors and aliases"),
    "a merge": (HEAD + "default:\n  <<: {minutes_green: 30}\n", "There is no '<<' in settings"),
    "a tag": (HEAD + "default: !!python/object:os.system {}\n", "Tags (!) are not taken"),
    "a deep nest": (HEAD + "default: " + "[" * 50, "nested deeper than any policy"),
    "an abyss": (HEAD + "default: " + "[" * 90_000, "This is not YAML"),
    "an unknown integration": (CLIENT.replace("ConnectWise", "Halo") + "      minutes_green: 30\n", "no integration"),
    "a client without a name": (CLIENT.replace("    name: Larkfield\n", "") + "      history_rows: 3\n", "no name"),
    "a company that is a path": (CLIENT.replace("250", "../1") + "      minutes_green: 30\n", "Line 4, column 14"),
    "a client's unknown setting": (CLIENT + "      minutes_gren: 30\n", "Line 7, column 7: There is no 'minutes_gren'"),
    "a client that is a word": (HEAD + "clients: [Larkfield]\n", "Here stands a client"),
    "clients as a mapping": (HEAD + "clients: {a: b}\n", "The clients: here stands a list"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_file_is_refused_with_its_place_and_a_sentence(what: str) -> None:
    text, sentence = REFUSED[what]
    with pytest.raises(BadFile) as refused:
        reading.read(text.encode(), PLACES)
    assert sentence in str(refused.value)


def test_a_client_that_stands_twice_is_refused_with_both_lines() -> None:
    text = CLIENT + "      minutes_green: 30\n" + CLIENT.removeprefix(HEAD + "clients:\n") + "      minutes_green: 31\n"
    with pytest.raises(BadFile) as refused:
        reading.read(text.encode(), PLACES)
    assert str(refused.value) == "Line 8, column 5: This client stands in line 3 already."


def test_every_problem_is_named_at_once_up_to_twenty() -> None:
    two = HEAD + "default:\n  minuts_green: 30\n  minutes_alive: 99\n"
    with pytest.raises(BadFile) as refused:
        reading.read(two.encode(), PLACES)
    assert [(each.line, each.column) for each in refused.value.problems] == [(3, 3), (4, 18)]
    many = HEAD + "default:\n" + "".join(f"  wrong{n}: 1\n" for n in range(60))
    with pytest.raises(BadFile) as refused:
        reading.read(many.encode(), PLACES)
    assert len(refused.value.problems) == reading.MOST_PROBLEMS


def test_a_large_file_and_one_that_is_no_text_are_refused_before_they_are_read() -> None:
    with pytest.raises(BadFile, match="larger than 200 KB"):
        reading.read(b"#" * (reading.LARGEST + 1), PLACES)
    with pytest.raises(BadFile, match=r"Line 2, column 3: This is not UTF-8"):
        reading.read(b"# a\n# \xff\n", PLACES)
    with pytest.raises(BadFile, match="This is not YAML"):
        reading.read(b"\x00\x01\x02", PLACES)


def test_words_that_yaml_takes_for_something_else_are_what_they_look_like() -> None:
    text = CLIENT.replace("Larkfield", "no").replace("250", "0250") + "      banner: null\n      adhoc_number: no\n"
    (wanted,) = reading.read(text.encode(), PLACES)
    assert wanted.client == Client(3, "0250", "no")
    assert wanted.settings == {"banner": "null", "adhoc_number": False}


def test_a_file_of_the_largest_size_is_read_in_no_time() -> None:
    one = CLIENT.removeprefix(HEAD + "clients:\n")
    text = HEAD + "clients:\n" + "".join(one.replace("250", str(n)) + "      minutes_green: 30\n" for n in range(1500))
    assert 150_000 < len(text) < reading.LARGEST
    assert len(reading.read(text.encode(), PLACES)) == 1500


@effort(deadline=None)
@given(st.binary(max_size=400))
def test_no_file_at_all_breaks_the_reader(data: bytes) -> None:
    with contextlib.suppress(BadFile):
        reading.read(HEAD.encode() + data, PLACES)


@effort(deadline=None)
@given(st.sampled_from(SETTINGS), st.data())
def test_a_value_cut_anywhere_is_refused_or_read_but_never_half_applied(name: str, data: st.DataObject) -> None:
    text = written({}, [row_of(3, "250", "Larkfield", clean({name: data.draw(value_of(name))}, NAMES))])
    cut = text[: data.draw(st.integers(text.index("default:"), len(text)))]
    with contextlib.suppress(BadFile):
        assert all(clean(each.settings, NAMES) == each.settings for each in reading.read(cut.encode(), PLACES))
