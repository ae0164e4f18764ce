"""Installing the custom tabs through HaloPSA's API: found or made, once, and what is left to a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from halo_tabs import SETUPS, TICKET_URL, USER_URL, rows

from connectors.base import Capability, MissingPermission, PodSetup, Rejected
from connectors.halo import Halo

ADMIN = {"granted_too": "admin"}


def test_both_tabs_are_made_once_and_sign_with_the_secret(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(**ADMIN)
    assert Capability.INSTALL_POD in halo.capabilities
    ticket, user = halo.install_pod(SETUPS)
    assert ticket.done == "created, and allowed on 1 more ticket type" and user.done == "created"
    assert all("published nowhere" in each.left for each in (ticket, user))
    made = rows(halo_stand)
    assert [(row["tableid"], row["name"], row["url"], row["_secret"]) for row in made] == [
        (0, "Verify caller", TICKET_URL, "tab-secret-example-1"),
        (1, "Verify caller", USER_URL, "tab-secret-example-1"),
    ]
    again = halo.install_pod(SETUPS)
    assert [(each.ref, each.done, each.left) for each in again] == [
        (str(made[0]["id"]), "found", ""),
        (str(made[1]["id"]), "found", ""),
    ]
    assert rows(halo_stand) == made
    types = {row["name"]: row["_detail"] for row in halo_stand.control("records/types")}
    assert [entry["iframetab_id"] for entry in types["Change Request"]["allowed_iframe_customtabs"]] == [made[0]["id"]]


def test_the_wider_token_is_asked_for_to_install_and_for_nothing_else(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(**ADMIN)
    halo.ticket("4713")
    halo.install_pod(SETUPS)
    assert len(halo_stand.asked("/auth/token")) == 2
    halo.ticket("4713")
    assert len(halo_stand.asked("/auth/token")) == 2, "the first token goes on"
    with pytest.raises(MissingPermission):
        halo._api.listed("/Tabs")


def test_without_the_right_it_says_to_do_it_by_hand_and_names_the_right(halo_stand: Any, halo: Halo) -> None:
    for switches in ({}, {"refuse_ungranted": True}, {"missing_right_status": "401"}):
        halo_stand.faults(reset=True, **switches)
        with pytest.raises(MissingPermission, match="Make the tab by hand") as refused:
            halo.install_pod(SETUPS)
        assert refused.value.right == "admin"
    assert rows(halo_stand) == []
    assert halo.ticket("4713").ref == "4713", "the keys themselves are as good as before"


def test_which_number_means_which_screen_is_learned_from_the_tabs_that_exist(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(**ADMIN)
    for table, url in ((7, "https://a.example/?t=$FaultId"), (9, "https://b.example/?u=$USERID"), (9, "https://c.x/")):
        halo_stand.control("tabs", {"name": "Another", "tableid": table, "url": url})
    ticket, user = halo.install_pod(SETUPS)
    assert [row["tableid"] for row in rows(halo_stand)][-2:] == [7, 9]
    assert (ticket.left, user.left) == ("", "")
    halo_stand.control("reset", {})
    halo_stand.faults(**ADMIN)
    for table in (3, 4):
        halo_stand.control("tabs", {"name": "They do not agree", "tableid": table, "url": "https://a.example/$FAULTID"})
    (guessed,) = halo.install_pod(SETUPS[:1])
    assert rows(halo_stand)[-1]["tableid"] == 0 and "published nowhere" in guessed.left


def test_a_tab_that_was_made_by_hand_is_found_and_gets_the_secret_and_keeps_its_address(
    halo_stand: Any, halo: Halo
) -> None:
    halo_stand.faults(**ADMIN)
    by_hand = TICKET_URL.replace("id=$FAULTID", "id=$FAULTID&note=ours")
    key = halo_stand.control("tabs", {"name": "Mine", "tableid": 5, "url": by_hand})["id"]
    (row,) = halo.install_pod(SETUPS[:1])
    assert (row.ref, row.done.partition(",")[0], row.signed) == (str(key), "changed", False)
    (stored,) = rows(halo_stand)
    assert (stored["url"], stored["name"], stored["_secret"]) == (by_hand, "Mine", "tab-secret-example-1")
    (again,) = halo.install_pod(SETUPS[:1])
    assert again.done == "found" and "not the one that podserver gives" in again.left


def test_a_new_secret_goes_into_a_tab_that_signs_with_a_forgotten_one(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(**ADMIN)
    halo.install_pod(SETUPS[:1])
    setup = PodSetup("Ticket", "Verify caller", TICKET_URL, "https://pod.example", 0, secret="a-newer-tab-secret")
    assert "a-newer" not in repr(setup)
    (row,) = halo.install_pod([setup])
    assert (row.done, row.signed, row.secret) == ("changed", True, "")
    assert [each["_secret"] for each in rows(halo_stand)] == ["a-newer-tab-secret"]


def test_an_old_build_gets_its_tabs_and_is_said_not_to_sign(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(old_build=True, **ADMIN)
    new = [PodSetup(*(s.screen, s.description, s.url, s.origin, 0), secret="a-newer-tab-secret") for s in SETUPS]
    for _ in range(2):
        assert all("signs no tab" in row.left and not row.signed for row in halo.install_pod(new))
    assert len(rows(halo_stand)) == 2


def test_without_a_secret_the_tabs_are_not_made_to_sign(halo_stand: Any, connect_halo: Callable[..., Halo]) -> None:
    halo_stand.faults(**ADMIN)
    bare = connect_halo(tab_secrets=[])
    assert not any("signs no tab" in row.left for row in bare.install_pod(SETUPS))
    assert [row["send_secure_url_parameter"] for row in rows(halo_stand)] == [False, False]


def test_an_answer_that_is_lost_makes_no_second_tab(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(only="POST /Tabs", lose_answer=1, **ADMIN)
    (row,) = halo.install_pod(SETUPS[:1])
    assert row.done.startswith("created") and len(rows(halo_stand)) == 1


def test_a_ticket_type_that_halo_does_not_let_us_change_is_named(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(only="POST /TicketType", server_error=True, **ADMIN)
    (row,) = halo.install_pod(SETUPS[:1])
    assert row.left.endswith("Custom Tabs, on: Change Request.") and row.done == "created"


def test_a_screen_that_halo_has_not_is_refused(halo_stand: Any, halo: Halo) -> None:
    halo_stand.faults(**ADMIN)
    with pytest.raises(Rejected, match="Kitchen"):
        halo.install_pod([PodSetup("Kitchen", "Verify caller", TICKET_URL, "https://pod.example", 0)])
