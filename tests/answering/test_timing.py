"""How long a link's page takes does not tell what became of the link."""

from __future__ import annotations

import bisect
import time
from datetime import timedelta

import pytest
from link_rig import Link, Northgate, Person

from podserver.verification.models import State

SAMPLES = 60
# Two equal lots of so many samples lie this far from even once in a million times: the standard deviation of the
# share is 0.053.
MOST_APART = 0.26


def share_before(some: list[float], others: list[float]) -> float:
    """How often one of ``some`` is shorter than one of ``others``: 0.5 where nobody can tell them apart."""
    ordered = sorted(others)
    later = sum(len(ordered) - bisect.bisect_right(ordered, one) for one in some)
    return later / (len(some) * len(others))


def test_the_measure_tells_lots_apart_that_differ() -> None:
    steady = [25 + (n * 7 % 10) / 10 for n in range(SAMPLES)]
    assert abs(share_before(steady, steady) - 0.5) < 0.06
    assert share_before(steady, [each + 0.6 for each in steady]) - 0.5 > MOST_APART


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_used_expired_replaced_ended_and_unknown_links_take_equally_long(northgate: Northgate, dana: Person) -> None:
    northgate.brand(logo=b"\x89PNG" * 2000)
    links = {"expired": northgate.link(ago=timedelta(minutes=9)), "unknown": Link("", "x" * 43, "")}
    for state in (State.VERIFIED, State.DENIED, State.SUPERSEDED, State.LOCKED):
        links[state] = northgate.link()
        northgate.change(links[state], state=state, summary=None)
    took: dict[str, list[float]] = {name: [] for name in links}
    names = list(links)
    for number in range(SAMPLES + 3):
        # In another order each time, so that what else this machine does falls on all of them alike.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            begun = time.perf_counter()
            assert dana.open(links[name]).status_code == 200
            if number >= 3:
                took[name].append(time.perf_counter() - begun)
    for name, mine in took.items():
        others = [each for other, theirs in took.items() if other != name for each in theirs]
        assert abs(share_before(mine, others) - 0.5) < MOST_APART, name
