"""Every PSA has all its parts, as docs/adding-a-psa.md names them, and what is said of it in two places agrees."""

from __future__ import annotations

import re

import pytest

from connectors.base import Capability
from connectors.table import PSAS
from podserver.configuration import PROJECT
from podserver.integrations.models import Psa
from podserver.integrations.psas import KINDS, kind_of

LISTED = {listed.package: listed for listed in PSAS}


def places(psa: Psa) -> list[str]:
    """Where the page says that the parts of a PSA are."""
    page = (PROJECT / "docs" / "adding-a-psa.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| `([^`]*<psa>[^`]*)` \|", page, re.MULTILINE)
    assert len(rows) == 6
    framed = kind_of(psa).frame is not None
    return [
        row.replace("<psa>", psa.value.replace("_", "-") if row.startswith("docs/") else psa.value)
        for row in rows
        if framed or not row.startswith("podserver/pod/")
    ]


@pytest.mark.parametrize("psa", list(Psa))
def test_every_part_of_a_psa_is_where_the_page_says(psa: Psa) -> None:
    assert [place for place in places(psa) if not (PROJECT / place).exists()] == []


@pytest.mark.parametrize("psa", list(Psa))
def test_a_psas_declaration_agrees_with_its_connector(psa: Psa) -> None:
    listed, kind = LISTED[psa.value], kind_of(psa)
    able = (listed.whole or listed.plain)().capabilities
    assert kind.title == listed.title and kind.limits == listed.limits
    assert (kind.frame is not None) == (Capability.HOSTED_POD in able)
    if kind.frame is not None and kind.frame.setups is not None:
        assert Capability.INSTALL_POD in able


def test_every_list_of_psas_has_the_same_ones() -> None:
    assert {psa.value for psa in Psa} == set(LISTED) == {psa.value for psa in KINDS}
    pages = {name: (PROJECT / "docs" / name).read_text() for name in ("psas.md", "ticketing-profiles.md")}
    for listed in PSAS:
        assert all(listed.title in page for page in pages.values()), listed.title
        assert f"(setup-{listed.package.replace('_', '-')}.md)" in pages["psas.md"], listed.title
