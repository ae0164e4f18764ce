"""What a connector declares is what it does, and what the page about the PSAs says.

Each capability that the conformance suite does not try by itself is tried here against each PSA's stand-in: declared
ones by a real call that works, all others by one that is refused or comes back empty.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from psa_world import PsaWorld, unlogged
from psa_worlds import WORLDS

import connectors
from connectors import table
from connectors.autotask import TICKET_SCREEN
from connectors.base import BadCredentials, Capability, Connector, PodSetup, PsaError, Rejected
from connectors.connectwise import SERVICE_SCREEN
from connectors.table import PSAS

PAGE = Path(connectors.__path__[0]).parent / "docs" / "psas.md"
POD = "https://pod.example.com/pod/tried"
# What the conformance suite itself holds to a real call both ways, declared or not.
TRIED_THERE = {
    Capability.UPDATE_MOBILE, Capability.SEARCH_BY_PHONE, Capability.BOARDS, Capability.TYPES, Capability.SUBTYPES,
}  # fmt: skip


@pytest.fixture(scope="module", params=list(WORLDS))
def _stand(request: pytest.FixtureRequest) -> PsaWorld:
    return WORLDS[request.param]()


@pytest.fixture
def world(_stand: PsaWorld) -> PsaWorld:
    """One PSA in its first state."""
    _stand.reset()
    return _stand


@pytest.fixture
def psa(world: PsaWorld) -> Connector:
    """A connector to it."""
    return world.connector()


def _ask(world: Any, path: str) -> Any:
    with unlogged():
        answer = requests.get(f"{world._stand.url}{path}", timeout=5)
    assert answer.ok, answer.text
    return answer


def _setup(screen: str, height: int) -> PodSetup:
    return PodSetup(
        screen=screen, description="Caller verification", url=POD, origin="https://pod.example.com", height=height
    )


# --- The pod in the PSA's ticket --------------------------------------------------------------------------------------


def _connectwise_frames(world: Any) -> list[str]:
    world.connector().install_pod([_setup(SERVICE_SCREEN, 600)])
    return [pod["url"] for pod in _ask(world, "/connectwise/ticket/48213.json").json()["pods"]]


def _halo_frames(world: Any) -> list[str]:
    # By hand, as its administrator does: the connector cannot.
    world._stand.control("tabs", {"name": "Caller verification", "url": f"{POD}?id=$FAULTID"})
    return [tab["url"] for tab in _ask(world, "/halo/ticket/4713.json").json()["tabs"]]


def _autotask_frames(world: Any) -> list[str]:
    world._fault(**GRANTS["autotask"])
    world.connector().install_pod([_setup(TICKET_SCREEN, 400)])
    return [insight["url"] for insight in world._stand.control("insights/148213")]


FRAMES: dict[str, Callable[[Any], list[str]]] = {
    "connectwise": _connectwise_frames,
    "halo": _halo_frames,
    "autotask": _autotask_frames,
}
# The screen of a ticket in the PSA's own words, and how high the pod may be there.
ROWS = {"connectwise": _setup(SERVICE_SCREEN, 600), "autotask": _setup(TICKET_SCREEN, 400), "halo": _setup("Ticket", 0)}
# What the PSA must grant for it beyond what a pod needs every day.
GRANTS: dict[str, dict[str, Any]] = {"autotask": {"insights_by_custom_code": True}, "halo": {"granted_too": "admin"}}


def test_a_psa_that_hosts_the_pod_frames_its_address_and_no_other_does(world: PsaWorld, psa: Connector) -> None:
    declared = Capability.HOSTED_POD in psa.capabilities
    assert declared == (world.name in FRAMES)
    if declared:
        assert any(url.startswith(POD) for url in FRAMES[world.name](world))
    else:
        page = _ask(world, f"/{world.name}/ticket/{world.facts.ticket}").text
        assert world.facts.summary in page and "<iframe" not in page and "createElement" not in page


def test_a_pod_is_installed_once_or_not_at_all(world: Any, psa: Connector) -> None:
    row = ROWS.get(world.name, _setup("Ticket", 600))
    if Capability.INSTALL_POD not in psa.capabilities:
        try:
            made = psa.install_pod([row])
        except Rejected:
            return
        assert not made
        return
    if world.name in GRANTS:
        world._fault(**GRANTS[world.name])
    (made,) = psa.install_pod([row])
    (again,) = world.connector().install_pod([row])
    assert made.ref and again.ref == made.ref and made.url == POD


# --- Who sits at the screen -------------------------------------------------------------------------------------------


def _connectwise_proof(world: Any) -> tuple[str, str, str]:
    told = world._stand.control("sessions", {"member": "sam"})
    return told["memberid"], told["memberHash"], told["memberContext"]


def _halo_proof(_world: Any) -> tuple[str, str, str]:
    signed = hmac.new(b"tab-secret-example-1", b"42", hashlib.sha256).digest()
    return "42", base64.b64encode(signed).decode(), ""


PROOFS: dict[str, Callable[[Any], tuple[str, str, str]]] = {"connectwise": _connectwise_proof, "halo": _halo_proof}


def test_a_member_is_confirmed_by_their_proof_alone_or_nobody_is(world: PsaWorld, psa: Connector) -> None:
    declared = Capability.CONFIRM_MEMBER in psa.capabilities
    assert declared == (world.name in PROOFS)
    if not declared:
        with pytest.raises(Rejected):
            psa.confirm_member("sam", "proof", "context")
        return
    who, proof, context = PROOFS[world.name](world)
    member = psa.confirm_member(who, proof, context)
    assert member.name == "Sam Okafor" and not member.inactive
    for wrong in (("187" if who.isdigit() else "priya", proof, context), (who, f"x{proof[1:]}", context)):
        with pytest.raises(BadCredentials):
            psa.confirm_member(*wrong)


# --- Lists, rights and notes ------------------------------------------------------------------------------------------


def test_rights_are_read_where_that_is_declared_and_else_not_claimed(psa: Connector) -> None:
    told = [right.granted for right in psa.rights()]
    assert told
    if Capability.READ_RIGHTS in psa.capabilities:
        assert told.count(True) > len(told) / 2


def test_items_are_listed_where_that_is_declared_and_nowhere_else(psa: Connector) -> None:
    boards = psa.boards()
    board = boards[0].ref if boards else ""
    found = [
        item.ref
        for kind in psa.types(board)
        for sub in psa.subtypes(board, kind.ref)
        for item in psa.items(board, kind.ref, sub.ref)
    ]
    assert bool(found) == (Capability.ITEMS in psa.capabilities)


def test_statuses_tell_which_close_a_ticket_where_that_is_declared_and_nowhere_else(psa: Connector) -> None:
    boards = psa.boards()
    closing = [status.closed for status in psa.statuses(boards[0].ref if boards else "")]
    assert (True in closing and False in closing) == (Capability.CLOSED_STATUSES in psa.capabilities)
    assert any(closing) == (Capability.CLOSED_STATUSES in psa.capabilities)


@pytest.mark.parametrize(
    ("capability", "internal"), [(Capability.INTERNAL_NOTES, True), (Capability.PUBLIC_NOTES, False)]
)
def test_notes_of_a_kind_are_posted_where_that_is_declared_and_refused_elsewhere(
    world: PsaWorld, psa: Connector, capability: Capability, internal: bool
) -> None:
    before = len(world.notes())
    if capability not in psa.capabilities:
        with pytest.raises(PsaError):
            psa.post_note(world.facts.ticket, "Tried (ref 8F2C80)", internal=internal)
        assert len(world.notes()) == before
        return
    psa.post_note(world.facts.ticket, "Tried (ref 8F2C80)", internal=internal)
    assert [note.internal for note in world.notes() if "8F2C80" in note.text] == [internal]


def test_every_capability_is_tried_somewhere() -> None:
    here = {
        Capability.HOSTED_POD, Capability.INSTALL_POD, Capability.CONFIRM_MEMBER, Capability.READ_RIGHTS,
        Capability.ITEMS, Capability.CLOSED_STATUSES, Capability.INTERNAL_NOTES, Capability.PUBLIC_NOTES,
    }  # fmt: skip
    assert here | TRIED_THERE == set(Capability), "a new capability needs a test here, or in the conformance suite"
    suite = Path(__file__).with_name("test_conformance.py").read_text()
    for capability in TRIED_THERE:
        assert f"Capability.{capability.name}" in suite, capability


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_holds_the_table_that_the_connectors_make() -> None:
    page = PAGE.read_text()
    assert table.written(page) == page, "run: python -m connectors.table docs/psas.md"


def test_every_connector_is_in_the_table_and_every_world_is_one_of_them() -> None:
    packages = {path.parent.name for path in Path(connectors.__path__[0]).glob("*/client.py")}
    assert {listed.package for listed in PSAS} == packages == set(WORLDS)


def test_the_table_speaks_of_connectors_as_they_are_used(world: PsaWorld, psa: Connector) -> None:
    (listed,) = (each for each in PSAS if each.package == world.name)
    plain = listed.plain().capabilities
    whole = listed.whole().capabilities if listed.whole is not None else plain
    assert plain <= psa.capabilities <= whole
    assert (listed.whole is not None) == bool(whole - plain) == bool(listed.when)
    assert type(listed.plain()) is type(psa)


def test_a_page_without_the_marks_is_not_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Nothing\n")
    with pytest.raises(ValueError, match="no marks"):
        table.main([str(page)])
    assert page.read_text() == "# Nothing\n"


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    table.main([])
    assert capsys.readouterr().out == f"{table.table()}\n"
