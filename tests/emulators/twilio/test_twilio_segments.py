"""Parts of a message, by cases."""

from __future__ import annotations

import pytest

from emulators.twilio.segments import count, is_gsm7


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" + "€" * 80, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("a" * 69 + "ç", 1),
        ("a" * 70 + "ç", 2),
    ],
)
def test_a_text_has_so_many_parts(text: str, parts: int):
    assert count(text) == parts


@pytest.mark.parametrize("character", ["Ç", "^", "{", "€", "\f", "\n", "é", "à", "Ω", "@"])
def test_a_character_is_gsm7(character: str):
    assert is_gsm7(character)


@pytest.mark.parametrize("character", ["ç", "`", "“", "’", "–", "á", "í", "ó", "ú", "â", "ê", "😀"])
def test_a_character_forces_ucs2(character: str):
    assert not is_gsm7(character)
