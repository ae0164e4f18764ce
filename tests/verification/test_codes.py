"""Codes and the text that carries them."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import podserver
from podserver.security import sealing
from podserver.verification.destinations import e164, mask_email, mask_phone
from podserver.verification.methods.sms_code import SmsCode, message

PACKAGE = Path(podserver.__file__).parent


def test_codes_have_six_digits_and_every_digit_is_as_likely_at_every_place() -> None:
    codes = [sealing.random_digits(6) for _ in range(100_000)]
    assert {len(code) for code in codes} == {6} and any(code.startswith("0") for code in codes)
    for place in range(6):
        seen = Counter(code[place] for code in codes)
        chi_square = sum((seen[str(d)] - 10_000) ** 2 / 10_000 for d in range(10))
        # 9 degrees of freedom: 40 is passed once in a hundred thousand fair runs.
        assert chi_square < 40, (place, seen)


def test_no_other_source_of_randomness_is_used_in_the_product() -> None:
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            module = node.module if isinstance(node, ast.ImportFrom) else None
            assert "random" not in names and module != "random", file
            if module == "secrets" or "secrets" in names:
                assert file.name == "sealing.py", f"{file}: secrets are made in security/sealing.py"


def test_the_warning_stands_before_the_code_and_the_msp_is_named() -> None:
    text = message("Northgate IT", "012345")
    assert text.startswith("Northgate IT")
    assert text.index("never ask") < text.index("012345") and text.endswith("Code: 012345")


GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


@given(st.text(alphabet="ABCdef gh", min_size=2, max_size=120))
def test_the_text_is_one_segment_whatever_the_msps_name_is(name: str) -> None:
    text = message(name, "123456")
    assert len(text) <= 160 and set(text) <= GSM


@given(st.text(max_size=40))
def test_whatever_is_typed_is_six_digits_or_a_sentence(typed: str) -> None:
    try:
        cleaned = SmsCode().clean(typed)
    except ValueError:
        return
    assert len(cleaned) == 6
    assert cleaned.isascii()
    assert cleaned.isdigit()


@pytest.mark.parametrize(
    ("written", "region", "expected"),
    [
        ("(202) 555-0142", "US", "+12025550142"),
        ("202.555.0142 x12", "US", "+12025550142"),
        ("+1 202 555 0142", "GB", "+12025550142"),
        ("07400 123456", "GB", "+447400123456"),
        ("5550142", "US", ""),
        ("", "US", ""),
        ("call reception", "US", ""),
        ("911", "US", ""),
    ],
)
def test_numbers_become_e164_only_when_they_are_valid(written: str, region: str, expected: str) -> None:
    assert e164(written, region) == expected


def test_masks_keep_four_digits_or_the_domain() -> None:
    assert mask_phone("+12025550142") == "+1 ••• 0142"
    assert mask_email("dana@larkfield.example") == "d•••@larkfield.example"


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_a_keyed_hash_tells_every_two_lists_apart(one: list[str], other: list[str]) -> None:
    assert (sealing.keyed_hash("key", *one) == sealing.keyed_hash("key", *other)) == (one == other)
