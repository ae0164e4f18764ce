"""Random policies, as an admin could set them and as no admin would."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from podserver.policies.policy import ALWAYS_TOLD, LONGEST_BANNER, OUTCOMES, RANGES, SETTINGS, BannerColour, TypedNumber
from podserver.verification.methods import NAMES
from podserver.verification.strength import Strength

_LISTS = {
    "methods": st.lists(st.sampled_from(sorted(NAMES)), min_size=1, unique=True),
    "note_outcomes": st.lists(st.sampled_from(sorted({*OUTCOMES} - ALWAYS_TOLD)), unique=True).map(
        lambda more: [*sorted(ALWAYS_TOLD), *more]
    ),
}
_ENUMS = {"minimum_strength": Strength, "typed_number": TypedNumber, "banner_colour": BannerColour}


def value_of(name: str) -> st.SearchStrategy[Any]:
    """A right value of one setting."""
    if name in RANGES:
        return st.integers(*RANGES[name])
    if name in _ENUMS:
        return st.sampled_from([str(each) for each in _ENUMS[name]])
    if name in _LISTS:
        return _LISTS[name]
    if name == "banner":
        # A database stores no surrogates, and neither does UTF-8.
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST_BANNER)
    return st.booleans()


def settings(*, least: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Some settings of a policy, each right."""
    names = st.lists(st.sampled_from(SETTINGS), unique=True, min_size=least)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: value_of(name) for name in chosen}))
