"""Values in ConnectWise's query language can never become syntax."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import NotFound, PsaError, Rejected
from connectors.connectwise.conditions import all_of, contains, equals, quoted, record_id


def test_conditions_are_written_in_connectwises_forms() -> None:
    assert equals("company/id", 250) == "company/id=250"
    assert equals("deletedFlag", False) == "deletedFlag=false"
    assert contains("name", "Ferrer & Sons") == 'name contains "Ferrer & Sons"'
    assert all_of(equals("a", 1), "", equals("b", True)) == "a=1 and b=true"


@pytest.mark.parametrize(
    "name", ["Zoë's", "O'Brien & Co.", "Müller (Nord)", "A/B #1", "株式会社", "dana@larkfield.example"]
)
def test_names_as_people_write_them_can_be_searched_for(name: str) -> None:
    assert quoted(name) == f'"{name}"'


@pytest.mark.parametrize(
    "text",
    [
        '" or deletedFlag=true or name="',
        '"',
        "\\",
        '\\" or 1=1',
        "%",
        "*",
        "_%",
        "[a-z]",
        "[[]x]",
        "a\nb",
        "a\x00b",
        "a\u2028b",
        "a\u202eb",
        "\u201dx",
        "x; drop",
        "a=b",
        "a<b",
        "x{y}",
        "`x`",
        "x|y",
        "\uff02",
        "a" * 101,
    ],
)
def test_text_that_could_widen_a_search_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        contains("name", text)


@given(st.text())
def test_a_quoted_text_is_one_literal_whatever_it_holds(text: str) -> None:
    try:
        literal = quoted(text)
    except Rejected:
        return
    assert re.fullmatch(r'"[^"\\%*\[\]\x00-\x1f]*"', literal)


@pytest.mark.parametrize("field", ["", "a b", 'name="x" or name', "a/", "/a", "a//b", "1a", "a\n"])
def test_a_field_name_is_a_field_name(field: str) -> None:
    with pytest.raises(ValueError, match="field"):
        equals(field, 1)


@pytest.mark.parametrize(
    "ref", ["", "0", "-1", "1.5", "12a", "1 or 1=1", "../members", "٣", "1\n", "2147483648", "9" * 30]
)
def test_a_reference_is_a_record_number_or_there_is_no_such_record(ref: str) -> None:
    with pytest.raises(NotFound, match="no such ticket"):
        record_id(ref, "ticket")


@given(st.text(max_size=12))
def test_a_reference_never_raises_anything_else(ref: str) -> None:
    with contextlib.suppress(PsaError):
        assert str(record_id(ref, "ticket")) == ref
