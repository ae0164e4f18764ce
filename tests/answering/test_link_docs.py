"""docs/link-visitors.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from podserver.answering import proof, show
from podserver.answering.press import QUICKEST
from podserver.answering.views import BEAT
from podserver.verification import limits
from podserver.verification.answers import WRONG_NUMBERS

DOC = (Path(__file__).parents[2] / "docs" / "link-visitors.md").read_text()
PLAIN = " ".join(DOC.split())


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"A press within {QUICKEST.seconds} seconds" in PLAIN
    assert f"the moment the proof ends ({proof.LIFE.seconds // 60} minutes)" in PLAIN
    assert f"have the **status {show.STATUS}**" in PLAIN and f"({show.REFUSED_STATUS})" in PLAIN
    assert f"on a beat of {BEAT * 1000:.0f} ms" in PLAIN
    assert f"it has {WRONG_NUMBERS} tries out of 90" in PLAIN
    assert limits.LONGEST_LIFE.seconds == 600 and "for ten minutes at most" in PLAIN
