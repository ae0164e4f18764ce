"""The tenant's colour is readable wherever it is used."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podserver.branding import colours, service

ANY = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 2) == 21.0
    assert colours.contrast("#2457d6", "#2457d6") == 1.0
    # The greys that are quoted as the last that pass and the first that fail on white.
    assert colours.contrast("#767676", "#ffffff") >= 4.5 > colours.contrast("#777777", "#ffffff")


@given(ANY)
def test_the_nearest_colour_carries_white_and_is_the_same_where_it_did_already(colour: str) -> None:
    nearest = colours.darkened(colour)
    assert colours.carries_white(nearest)
    assert (nearest == colour) == colours.carries_white(colour)


@given(ANY)
def test_the_shade_for_dark_pages_is_read_on_dark_and_carries_dark_ink(colour: str) -> None:
    shade = colours.on_dark(colour)
    assert colours.contrast(shade, colours.DARK_GROUND) >= 4.5
    assert colours.contrast(shade, colours.DARK_INK) >= 4.5


@given(ANY.map(colours.darkened))
def test_every_pair_of_the_style_sheet_can_be_read(colour: str) -> None:
    for block in service.style_sheet(colour).split("@media"):
        found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        assert colours.contrast(found["accent"], found["accent-text"]) >= 4.5
        assert colours.contrast(found["accent"], found["accent-soft"]) >= 4.5


@pytest.mark.parametrize(("typed", "read"), [("#2457D6", "#2457d6"), (" 2457d6 ", "#2457d6"), ("#abc", "#aabbcc")])
def test_a_colour_is_read_as_people_write_it(typed: str, read: str) -> None:
    assert colours.read(typed) == read


@pytest.mark.parametrize("typed", ["", "#", "blue", "#12345", "#1234567", "rgb(0,0,0)", "#2457d6;}", "#٣٤٥٦٧٨"])
def test_what_is_no_colour_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        colours.read(typed)
