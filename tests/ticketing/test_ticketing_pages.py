"""The pages of ticketing profiles, against ConnectWise on a real socket."""

from __future__ import annotations

from typing import Any

import pytest
from ticketing_rig import FIELD, HELP_DESK, WHOLE, Desk, Form, Psa, a_desk, words

from connectors.base import Capability
from connectors.connectwise import ConnectWise
from podserver.configuration import PROJECT
from podserver.database import db
from podserver.history.service import Kind
from podserver.integrations.models import Psa as Kinds
from podserver.portal.words import detail, tone
from podserver.ticketing import words as spoken
from podserver.ticketing.parts import PARTS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for pages; the rules' locks are tried on both."""
    return sqlite_url


def test_a_profile_is_saved_with_what_the_psa_calls_everything(desk: Desk) -> None:
    row = desk.profile(company="250:the name in the form is not believed")
    assert row.is_default
    assert {part: (each["ref"], each["name"]) for part, each in row.chosen.items()} == {
        "company": ("250", "Larkfield Dental"), "board": ("1", "Help Desk"), "type": ("41", "Sign-in and password"),
        "subtype": ("51", "Password"), "item": ("61", "Reset"), "new_status": ("501", "New"),
        "closed_status": ("504", "Closed"), "sms_status": ("503", "Waiting on Client"),
        "priority": ("3", "Priority 3 - Normal"),
    }  # fmt: skip
    page = words(desk.admin.get("/ticketing").text)
    assert "Calls default Larkfield Dental Help Desk New Alex Moreno" in page


def test_what_is_not_needed_may_be_left_to_the_psa(desk: Desk) -> None:
    row = desk.profile(**dict.fromkeys(WHOLE.keys() - {"name", "company", "board"}, ""))
    assert set(row.chosen) == {"company", "board"}
    assert "As ConnectWise sets it" in words(desk.auditor.get(f"/ticketing/{row.id}").text)


def test_the_page_stands_before_the_psa_is_asked_and_then_fills_every_list(desk: Desk, psa: Psa) -> None:
    row = desk.profile()
    before = len(psa.asked())
    page = desk.admin.get(f"/ticketing/{row.id}").text
    assert len(psa.asked()) == before
    form = Form(page)
    assert {name: form.fields[name] for name in WHOLE} == {k: v.replace(" - ", " - ") for k, v in WHOLE.items()}
    lists = Form(desk.admin.look(f"/ticketing/{row.id}", "lists", form.fields, script=True).text).lists
    assert lists["company"] == ["Larkfield Dental"]
    assert lists["board"] == ["Field Service", "Help Desk"]
    assert lists["type"] == ["As ConnectWise sets it", "Access request", "Incident", "Sign-in and password"]
    assert lists["subtype"] == ["As ConnectWise sets it", "Password", "Second factor"]
    assert lists["item"] == ["As ConnectWise sets it", "Reset", "Unlock"]
    assert lists["new_status"] == ["As ConnectWise sets it", "New", "In Progress", "Waiting on Client", "Closed"]
    assert lists["priority"][1:] == [
        "Priority 1 - Critical", "Priority 2 - High", "Priority 3 - Normal", "Priority 4 - Low",
    ]  # fmt: skip


def test_the_statuses_that_close_a_ticket_come_first_where_it_is_closed(desk: Desk) -> None:
    lists = Form(desk.admin.look(desk.new, "lists", {"board": HELP_DESK}).text).lists
    assert lists["closed_status"] == [
        "None: not closed from here", "[Close the ticket]", "Closed",
        "[Do not close it]", "New", "In Progress", "Waiting on Client",
    ]  # fmt: skip


def test_a_list_waits_for_the_choice_above_it(desk: Desk) -> None:
    form = Form(desk.admin.look(desk.new, "lists", {"name": "Calls"}).text)
    assert form.lists["type"] == ["Choose the service board first"]
    assert form.lists["subtype"] == ["Choose the service board first"]
    assert form.disabled == {"type", "subtype", "item", "new_status", "closed_status", "sms_status"}
    form = Form(desk.admin.look(desk.new, "lists", {"board": HELP_DESK}).text)
    assert form.lists["subtype"] == ["Choose the type first"]
    assert form.disabled == {"subtype", "item"}


@pytest.mark.parametrize(
    ("what", "asked", "shown"),
    [
        ("board", {"types", "statuses"}, {"type", "subtype", "item", "new_status", "closed_status", "sms_status"}),
        ("type", {"subtypes"}, {"subtype", "item"}),
        ("subtype", {"typeSubTypeItemAssociations", "items"}, {"item"}),
        ("company", {"companies"}, {"company"}),
    ],
)
def test_a_change_asks_the_psa_only_for_what_hangs_on_it(
    desk: Desk, psa: Psa, what: str, asked: set[str], shown: set[str]
) -> None:
    typed = {**WHOLE, "board": HELP_DESK, "search": "harbor"}
    if what in ("board", "type"):
        typed |= {"subtype": "", "item": ""}
    if what == "board":
        typed |= {"type": ""}
    desk.admin.get(desk.new)
    psa.control("reset", {})
    answer = desk.admin.look(desk.new, what, typed, script=True)
    assert {path.rsplit("/", 1)[-1] for path in psa.asked()} - {"northgate"} == asked
    assert set(Form(answer.text).lists) == shown
    assert "<html" not in answer.text


def test_another_board_takes_the_entries_of_the_same_name_and_drops_the_others(desk: Desk) -> None:
    form = Form(desk.admin.look(desk.new, "lists", {**WHOLE, "board": FIELD}).text)
    assert form.fields["new_status"] == "521:New" and form.fields["closed_status"] == "524:Closed"
    assert form.fields["sms_status"] == "" and form.fields["type"] == ""
    assert form.lists["type"] == ["As ConnectWise sets it", "Hardware"]
    assert form.fields["priority"] == WHOLE["priority"] and form.fields["name"] == "Calls"


def test_a_company_is_searched_for_and_the_chosen_one_stays(desk: Desk) -> None:
    page = desk.admin.look(desk.new, "company", {**WHOLE, "search": "har"})
    form = Form(page.text)
    assert form.lists["company"] == ["Larkfield Dental", "Harbor Legal"]
    assert form.fields["company"] == "250:Larkfield Dental" and form.fields["search"] == "har"
    assert "1 name found; choose one in the list." in words(page.text)
    none = words(desk.admin.look(desk.new, "company", {"search": "zzz"}, script=True).text)
    assert "No company's name contains that." in none
    odd = desk.admin.look(desk.new, "company", {**WHOLE, "search": "\" or '*"}, script=True)
    assert odd.status_code == 200 and Form(odd.text).fields["company"] == "250:Larkfield Dental"


def test_enter_in_the_search_searches_and_enter_elsewhere_saves(desk: Desk) -> None:
    first = desk.admin.send(desk.new, {**WHOLE, "entered": "1", "search": "harbor", "searched": ""})
    assert first.status_code == 200 and "Not saved yet." in first.text
    assert not desk.stored()
    form = Form(first.text).fields
    assert desk.admin.send(desk.new, {**form, "entered": "1"}).status_code == 302
    assert len(desk.stored()) == 1


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"name": " "}, "name", "A name is needed."),
    ({"name": "x" * 81}, "name", "A name has 80 characters at most."),
    ({"company": ""}, "company", "Choose a company."),
    ({"board": "", "type": "", "subtype": "", "item": "", "new_status": "", "closed_status": "", "sms_status": ""},
     "board", "Choose a service board."),
    ({"company": "999999:Nobody Inc"}, "company", "“Nobody Inc” is not, or no longer, a company of ConnectWise."),
    ({"board": "77:Gone"}, "board", "“Gone” is not, or no longer, a service board of ConnectWise."),
    ({"type": "44:Hardware"}, "type", "“Hardware” is not, or no longer, a type of the service board."),
    ({"subtype": "53:Mailbox"}, "subtype", "“Mailbox” is not, or no longer, a subtype of the type."),
    ({"item": "63:Replace"}, "item", "“Replace” is not, or no longer, an item of the subtype."),
    ({"type": ""}, "subtype", "Choose the type first."),
    ({"subtype": ""}, "item", "Choose the subtype first."),
    ({"new_status": "521:New"}, "new_status", "“New” is not, or no longer, a new-ticket status of the service board."),
    ({"priority": "99:Urgent"}, "priority", "“Urgent” is not, or no longer, a priority of ConnectWise."),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "part", "sentence"), WRONG)
def test_what_the_psa_does_not_confirm_is_not_saved_and_is_told_beside_it(
    desk: Desk, typed: dict[str, str], part: str, sentence: str
) -> None:
    answer = desk.admin.send(desk.new, {**WHOLE, **typed})
    assert answer.status_code == 200
    beside = answer.text.split(f'id="{part}-wrong">')[1].split("<")[0]
    assert words(beside).startswith(sentence)
    assert not desk.stored()
    form = Form(answer.text)
    kept = {**WHOLE, **typed}
    assert all(form.fields.get(name, "") == kept[name].strip() for name in kept if name != "name")


def test_a_company_that_the_psa_deleted_is_not_saved(desk: Desk, psa: Psa) -> None:
    psa.change("companies", 251, deletedFlag=True)
    answer = desk.admin.send(desk.new, {**WHOLE, "company": "251:Harbor Legal"})
    assert "is not, or no longer, a company of ConnectWise" in words(answer.text)
    assert not desk.stored()


def test_a_company_with_another_name_by_now_is_found_by_its_ref(desk: Desk, psa: Psa) -> None:
    row = desk.profile()
    psa.change("companies", 250, name="Larkfield Dental Group")
    form = Form(desk.admin.look(f"/ticketing/{row.id}", "lists", WHOLE).text)
    assert form.fields["company"] == "250:Larkfield Dental Group"
    assert "any more" not in " ".join(form.lists["company"])


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"down": "503", "html_errors": True}, "ConnectWise"),
        ({"wrong_keys": True}, "ConnectWise does not accept"),
        ({"rate_limit": {"requests": 20, "retry_after": 7}}, "try again in 7 seconds"),
        ({"role": {"TableSetup": {"inquire": "None"}}, "table_setup_inquire_needed": True}, "Table Setup"),
    ],
)
def test_a_psa_that_does_not_answer_saves_nothing_and_loses_nothing(
    desk: Desk, psa: Psa, fault: dict[str, Any], sentence: str
) -> None:
    desk.admin.get(desk.new)
    psa.faults(**fault)
    answer = desk.admin.send(desk.new, {**WHOLE, "search": "lark"})
    text = words(answer.text)
    assert answer.status_code == 200 and sentence in text
    assert "Nothing is saved yet, as ConnectWise did not confirm it." in text
    assert not desk.stored()
    form = Form(answer.text).fields
    assert {name: form[name] for name in WHOLE} == WHOLE and form["search"] == "lark"
    piece = desk.admin.look(desk.new, "board", WHOLE, script=True)
    assert 'role="alert"' in piece.text
    assert Form(piece.text).fields["type"] == WHOLE["type"]


def test_keys_that_are_refused_are_noted_once_for_all_to_see(desk: Desk, psa: Psa) -> None:
    psa.faults(wrong_keys=True)
    for look in ("lists", "board"):
        desk.admin.look(desk.new, look, WHOLE, script=True)
    assert len(desk.changes(Kind.KEYS_REFUSED)) == 1
    assert "Re-connect" in words(desk.admin.get("/integrations").text)


def test_a_psa_that_is_down_is_asked_once_and_not_for_every_list(desk: Desk, psa: Psa) -> None:
    desk.admin.look(desk.new, "lists", WHOLE)
    psa.control("reset", {})
    psa.faults(down="drop")
    desk.admin.look(desk.new, "lists", WHOLE)
    assert len(psa.asked()) <= 2


def test_what_has_vanished_since_is_named_and_cannot_be_saved_again(desk: Desk, psa: Psa) -> None:
    row = desk.profile()
    psa.change("boardStatuses", 503, inactive=True)
    psa.store.delete("priorities", 3)
    page = desk.admin.look(f"/ticketing/{row.id}", "lists", WHOLE, script=True)
    text = words(page.text)
    assert ("Not in ConnectWise any more: SMS-received status “Waiting on Client”, Priority “Priority 3 - Normal”."
            " Choose others and save.") in text  # fmt: skip
    form = Form(page.text)
    assert "Waiting on Client (not in ConnectWise any more)" in form.lists["sms_status"]
    assert form.fields["sms_status"] == "503:Waiting on Client"
    refused = desk.admin.send(f"/ticketing/{row.id}", {**WHOLE, "seen": "1"})
    assert refused.status_code == 200 and refused.text.count('aria-invalid="true"') == 2
    mended = {**WHOLE, "seen": "1", "sms_status": "502:In Progress", "priority": ""}
    assert desk.admin.send(f"/ticketing/{row.id}", mended).status_code == 302
    (now,) = desk.stored()
    assert now.chosen["sms_status"]["name"] == "In Progress" and "priority" not in now.chosen


def test_a_board_that_has_vanished_takes_nothing_else_away(desk: Desk, psa: Psa) -> None:
    row = desk.profile()
    psa.change("boards", 1, inactiveFlag=True)
    page = desk.admin.look(f"/ticketing/{row.id}", "lists", WHOLE)
    assert "Not in ConnectWise any more: Service board “Help Desk”. Choose another one and save." in words(page.text)
    assert {name: Form(page.text).fields[name] for name in WHOLE} == WHOLE


def test_lists_that_a_psa_lacks_are_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {Capability.SUBTYPES, Capability.ITEMS, Capability.TYPES}
    monkeypatch.setattr(ConnectWise, "capabilities", frozenset(Capability) - lacking)
    page = desk.admin.look(desk.new, "lists", {"board": HELP_DESK}).text
    assert set(Form(page).lists) == {
        "company", "board", "new_status", "closed_status", "sms_status", "priority"
    }  # fmt: skip
    row = desk.profile()
    assert set(row.chosen) == {"company", "board", "new_status", "closed_status", "sms_status", "priority"}
    assert "Subtype" not in desk.auditor.get(f"/ticketing/{row.id}").text


def test_every_psa_has_words_for_every_part() -> None:
    for psa in Kinds:
        said = [spoken.word(psa, part) for part in PARTS]
        assert all(said) and len(set(said)) == len(said), psa
    assert spoken.label(Kinds.HALO, "board") == "Team" and spoken.label(Kinds.AUTOTASK, "board") == "Queue"
    assert spoken.a_word(Kinds.KASEYA_BMS, "company") == "an account"


def test_a_clone_is_a_new_profile_that_begins_as_the_other(desk: Desk) -> None:
    row = desk.profile()
    form = Form(desk.admin.get(f"{desk.new}?copy={row.id}").text).fields
    assert form["name"] == "Copy of Calls" and {n: form[n] for n in WHOLE if n != "name"} == {
        n: v for n, v in WHOLE.items() if n != "name"
    }
    assert desk.admin.send(f"{desk.new}?copy={row.id}", {**form, "name": "Calls at night"}).status_code == 302
    assert [(p.name, p.is_default) for p in desk.stored()] == [("Calls", True), ("Calls at night", False)]


def test_two_profiles_of_an_integration_have_two_names(desk: Desk) -> None:
    desk.profile()
    answer = desk.admin.send(desk.new, {**WHOLE, "name": "cALLS"})
    assert "Another profile of this integration has this name." in words(answer.text)
    assert len(desk.stored()) == 1


def test_another_profile_is_made_the_default_and_only_then_the_first_is_deleted(desk: Desk) -> None:
    first, second = desk.profile(), desk.profile(name="Texts")
    refused = desk.admin.send(f"/ticketing/{first.id}/delete", {}, page=f"/ticketing/{first.id}")
    assert refused.status_code == 302 and len(desk.stored()) == 2
    assert "Make another profile the default first." in words(desk.admin.get(f"/ticketing/{first.id}").text)
    assert "Delete this profile" not in desk.admin.get(f"/ticketing/{first.id}").text
    desk.admin.send(f"/ticketing/{second.id}/default", {}, page=f"/ticketing/{second.id}")
    assert [(p.name, p.is_default) for p in desk.stored()] == [("Texts", True), ("Calls", False)]
    assert "Nothing uses this profile yet." in words(desk.admin.get(f"/ticketing/{first.id}").text)
    desk.admin.send(f"/ticketing/{first.id}/delete", {}, page=f"/ticketing/{first.id}")
    assert [p.name for p in desk.stored()] == ["Texts"]
    desk.admin.send(f"/ticketing/{second.id}/delete", {}, page=f"/ticketing/{second.id}")
    assert desk.stored() == []


def test_every_change_is_in_the_history_with_what_was_before(desk: Desk) -> None:
    first = desk.profile()
    desk.profile(name="Texts")
    desk.admin.send(f"/ticketing/{first.id}", {**WHOLE, "seen": "1", "item": "", "new_status": "502:In Progress"})
    desk.admin.send(f"/ticketing/{first.id}", {**WHOLE, "seen": "2", "item": "", "new_status": "502:In Progress"})
    second = desk.stored()[1]
    desk.admin.send(f"/ticketing/{second.id}/default", {}, page=f"/ticketing/{second.id}")
    desk.admin.send(f"/ticketing/{first.id}/delete", {}, page=f"/ticketing/{first.id}")
    said = [detail(each.detail) for each in desk.changes()]
    assert said[:3] == [
        "ticketing profile Calls, deleted yes",
        "ticketing profile Texts, default yes",
        "ticketing profile Calls, item Reset → none, new status New → In Progress",
    ]
    assert len(said) == 5 and said[4].startswith("ticketing profile Calls, name none → Calls, company none → Larkfield")
    assert {each.actor for each in desk.changes()} == {"Alex Moreno"}
    assert {each.integration_id for each in desk.changes()} == {desk.integration_id}
    assert words(desk.admin.get("/history?what=ticketing+profile+changed").text).count("Ticketing profile changed") > 4


def test_who_was_faster_is_named_and_nothing_is_lost(desk: Desk) -> None:
    row = desk.profile()
    page = f"/ticketing/{row.id}"
    desk.admin.send(page, {**WHOLE, "seen": "1", "item": ""})
    slower = desk.admin.send(page, {**WHOLE, "seen": "1", "priority": "1:Priority 1 - Critical"})
    assert slower.status_code == 409
    assert "Alex Moreno saved this profile while you were changing it. Nothing of yours" in words(slower.text)
    form = Form(slower.text).fields
    assert form["priority"] == "1:Priority 1 - Critical" and form["seen"] == "2"
    assert desk.admin.send(page, form).status_code == 302
    assert desk.stored()[0].chosen["item"]["name"] == "Reset"


def test_an_auditor_reads_and_changes_nothing(desk: Desk, psa: Psa) -> None:
    row = desk.profile()
    before = len(psa.asked())
    page = words(desk.auditor.get(f"/ticketing/{row.id}").text)
    assert "Service board Help Desk" in page and "SMS-received status Waiting on Client" in page
    assert "An admin can change it." in page and len(psa.asked()) == before
    assert "Add a profile" not in desk.auditor.get("/ticketing").text
    assert desk.auditor.send(f"/ticketing/{row.id}", WHOLE, page="/ticketing").status_code == 403
    assert desk.auditor.get(desk.new).status_code == 403


def test_another_tenants_profile_is_not_there(desk: Desk, psa: Psa) -> None:
    row = desk.profile()
    other = a_desk(desk.app, psa, "Southgate IT")
    for path in (f"/ticketing/{row.id}", desk.new):
        assert other.admin.get(path).status_code == 404
    for path in (f"/ticketing/{row.id}", f"/ticketing/{row.id}/default", f"/ticketing/{row.id}/delete", desk.new):
        assert other.admin.send(path, WHOLE, page=other.new).status_code == 404
    assert "Copy of" not in other.admin.get(f"{other.new}?copy={row.id}").text
    assert "Larkfield" not in other.admin.get("/ticketing").text
    assert len(desk.stored()) == 1 and other.stored() == []


def test_no_transaction_is_open_while_the_psa_is_asked(desk: Desk, psa: Psa) -> None:
    desk.admin.get(desk.new)
    desk.seeds.session.close()
    pool: Any = db.engine.pool
    held: list[int] = []
    find = psa.store.rows

    def watched(table: str) -> Any:
        held.append(pool.checkedout())
        return find(table)

    psa.store.rows = watched  # type: ignore[method-assign]
    try:
        assert desk.admin.send(desk.new, WHOLE).status_code == 302
    finally:
        psa.store.rows = find  # type: ignore[method-assign]
    assert len(held) > 5 and set(held) == {0}


def test_a_failed_ticket_is_told_in_the_history_in_red(desk: Desk) -> None:
    assert tone(Kind.TICKET_FAILED) == "bad" and tone(Kind.TICKET_OPENED) == "neutral"


def test_the_docs_speak_each_psas_words() -> None:
    page = (PROJECT / "docs" / "ticketing-profiles.md").read_text()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    said = {line[0]: line[1:] for line in lines if len(line) == 6}
    lacking = {(Kinds.AUTOTASK, "item")}
    for part in ("company", "board", "type", "subtype", "item"):
        assert said[part] == ["–" if (psa, part) in lacking else spoken.word(psa, part) for psa in Kinds]
