"""The policies' pages: finding a client, what a form shows and saves, who may do what, and what is only text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from policy_rig import Browser, Form, Msp, Psa, an_msp, on_one_database, words

from podserver.database import db, writing
from podserver.policies.cautions import PHONE_RISK
from podserver.policies.service import EVERYBODY, Client
from podserver.tenancy import bind_tenant
from podserver.tools import MAIL, SMS, set_tool

MAIN = re.compile(r"<main.*?</main>", re.DOTALL)


def shown(page: str) -> str:
    """The words of a page, without its navigation."""
    found = MAIN.search(page)
    assert found
    return words(found[0])


def test_clients_with_a_policy_of_their_own_are_listed_first_and_say_how_many_settings(msp: Msp) -> None:
    msp.set(Client(msp.larkfield.integration_id, "253", "Quayside Print"), minutes_green=30, history_rows=5, banner="x")
    page = shown(msp.technician.get("/policies?q=a").text)
    order = [page.index(name) for name in ("Quayside Print own settings: 3", "Harbor Legal", "Larkfield Dental")]
    assert order == sorted(order)
    assert "Larkfield Dental as the default" in page
    assert "Ferrer" not in page


def test_without_a_search_the_psa_is_not_asked_and_own_policies_are_there(msp: Msp, psa: Psa) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    psa.control("faults", {"down": True})
    page = shown(msp.admin.get("/policies").text)
    assert "Larkfield Dental own settings: 1" in page and "did not answer" not in page


def test_a_psa_that_is_down_says_so_and_hides_no_policy(msp: Msp, psa: Psa) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    psa.control("faults", {"down": True})
    answer = msp.admin.get("/policies?q=dental")
    page = shown(answer.text)
    assert answer.status_code == 200
    assert "Larkfield Dental own settings: 1" in page
    assert "ConnectWise: " in page and "listed all the same" in page
    assert "No client's name contains" in shown(msp.admin.get("/policies?q=zzz").text)


def test_a_client_that_was_renamed_in_the_psa_is_found_by_both_names(msp: Msp) -> None:
    msp.set(Client(msp.larkfield.integration_id, "250", "Old Name Dental"), minutes_green=30)
    for text in ("old name", "larkfield"):
        assert "Old Name Dental own settings: 1" in shown(msp.admin.get(f"/policies?q={text}").text)


def test_an_admin_gives_a_client_a_setting_and_takes_it_back(msp: Msp) -> None:
    path = msp.page_of(msp.larkfield)
    page = msp.admin.get(path).text
    assert "As the default 60 min" in shown(page)
    assert Form(page).fields["own-minutes_green"] == [""]
    saved = msp.admin.change(page, **{"own-minutes_green": "1", "minutes_green": "30", "adhoc_number": "yes"})
    assert saved.status_code == 302
    assert msp.own(msp.larkfield) == {"minutes_green": 30, "adhoc_number": True}
    page = msp.admin.get(path).text
    assert "Larkfield Dental is saved." in page and "own settings: 2" in shown(page)
    back = msp.admin.change(page, **{"own-minutes_green": "", "adhoc_number": ""})
    assert back.location == "/policies"
    assert msp.own(msp.larkfield) is None
    assert "follows the default" in msp.admin.get("/policies").text


def test_a_client_keeps_what_it_says_when_the_default_changes_and_follows_where_it_says_nothing(msp: Msp) -> None:
    path = msp.page_of(msp.larkfield)
    msp.admin.change(msp.admin.get(path).text, **{"own-minutes_green": "1", "minutes_green": "60"})
    msp.admin.change(msp.admin.get("/policies/default").text, minutes_green="20", history_rows="7")
    assert msp.own() == {"minutes_green": 20, "history_rows": 7}
    assert msp.own(msp.larkfield) == {"minutes_green": 60}
    assert "As the default 7 rows" in shown(msp.admin.get(path).text)
    assert (msp.seeds.policy.minutes_green, msp.seeds.policy.history_rows) == (60, 7)


def methods_of(page: str) -> list[str]:
    return Form(page).fields["methods"]


def test_a_method_moves_up_and_down_without_a_script_and_nothing_is_saved_before_save(msp: Msp) -> None:
    page = msp.admin.get("/policies/default").text
    first = methods_of(page)
    assert first[:3] == ["sms_code", "sms_link", "duo_push"]
    moved = msp.admin.change(page, press=("move", "duo_push:up"), minutes_green="33").text
    assert methods_of(moved)[:3] == ["sms_code", "duo_push", "sms_link"]
    assert re.search(r'value="duo_push:up"[^>]* autofocus', moved), "the keyboard stays where it was"
    assert "Not saved yet." in moved and msp.own() is None
    top = msp.admin.change(moved, press=("move", "duo_push:up")).text
    assert methods_of(top)[0] == "duo_push" and Form(top).fields["minutes_green"] == ["33"]
    # At the top there is nothing to press, so the other button has the keyboard.
    assert re.search(r'value="duo_push:up"[^>]* disabled', top)
    assert re.search(r'value="duo_push:down"[^>]* autofocus', top)
    out = msp.admin.change(top, press=("move", "sms_link:out")).text
    with_manual = msp.admin.change(out, press=("move", "manual:in")).text
    assert msp.admin.change(with_manual).status_code == 302
    expected = ["duo_push", "sms_code", "mail_link", "mail_code", "voice_code", "microsoft_sign_in", "manual"]
    assert msp.own() == {"methods": expected, "minutes_green": 33}


def test_moving_a_method_of_a_client_makes_the_list_its_own(msp: Msp) -> None:
    page = msp.admin.get(msp.page_of(msp.larkfield)).text
    moved = msp.admin.change(page, press=("move", "voice_code:up")).text
    assert Form(moved).fields["own-methods"] == ["1"]
    msp.admin.change(moved)
    assert (msp.own(msp.larkfield) or {})["methods"][4:6] == ["voice_code", "mail_code"]


def test_the_last_method_cannot_be_taken_out(msp: Msp) -> None:
    msp.set(EVERYBODY, methods=["mail_link"])
    page = msp.admin.get("/policies/default").text
    out = msp.admin.change(page, press=("move", "mail_link:out")).text
    assert "Allow at least one way to verify." in shown(out)
    refused = msp.admin.change(out)
    assert refused.status_code == 200 and "Nothing is saved yet" in shown(refused.text)
    assert msp.own() == {"methods": ["mail_link"]}


def test_what_is_wrong_is_said_beside_its_setting_and_nothing_typed_is_lost(msp: Msp) -> None:
    page = msp.admin.get("/policies/default").text
    answer = msp.admin.change(page, minutes_green="soon", minutes_alive="11", banner="x" * 241, history_rows="3")
    assert answer.status_code == 200
    assert msp.own() is None
    text = shown(answer.text)
    assert "Nothing is saved yet: 3 settings are wrong" in text
    for sentence in ("from 5 to 480", "from 1 to 10", "240 characters at most"):
        assert sentence in text
    fields = Form(answer.text).fields
    assert (fields["minutes_green"], fields["minutes_alive"], fields["history_rows"]) == (["soon"], ["11"], ["3"])
    assert 'aria-invalid="true"' in answer.text


FORGED: list[dict[str, str | None]] = [
    {"minutes_green": "٣٠"}, {"minutes_green": "9" * 400}, {"minutes_green": "-5"}, {"minimum_strength": "Z"},
    {"adhoc_number": "maybe"}, {"banner_colour": "mauve"}, {"typed_number": ""}, {"counts_elsewhere": None},
    {"methods": None},
]  # fmt: skip


@on_one_database
def test_no_forged_value_is_saved(msp: Msp) -> None:
    page = msp.admin.get("/policies/default").text
    for fields in FORGED:
        answer = msp.admin.change(page, **fields)
        assert answer.status_code == 200, fields
        assert "Nothing is saved yet: 1 setting is wrong" in shown(answer.text), fields
    assert msp.own() is None


@on_one_database
def test_a_forged_move_or_method_changes_nothing_that_is_not_there(msp: Msp) -> None:
    page = msp.admin.get("/policies/default").text
    first = methods_of(page)
    for move in ("pigeon:up", "sms_code:sideways", "sms_code", ":", "sms_code:up:up"):
        answer = msp.admin.change(page, press=("move", move), methods=[*first, "pigeon", first[0]])
        if answer.status_code == 200:
            assert methods_of(answer.text) == first
        assert (msp.own() or {}).get("methods") is None


def test_cautions_stand_on_the_page_and_a_risk_is_accepted_by_name_before_it_is_saved(msp: Msp) -> None:
    path = msp.page_of(msp.larkfield)
    page = msp.admin.get(path).text
    asks = {"own-methods": "1", "methods": ["sms_code", "voice_code"]}
    refused = msp.admin.change(page, **asks)
    assert refused.status_code == 200 and msp.own(msp.larkfield) is None
    assert "this policy leaves a risk" in shown(refused.text) and PHONE_RISK in shown(refused.text)
    assert methods_of(refused.text) == ["sms_code", "voice_code"]
    assert msp.admin.change(refused.text, accepts="y").status_code == 302
    event = msp.changes()[0]
    assert event.detail["accepted risk"] == PHONE_RISK
    assert (event.actor, event.company_name) == ("Alex Moreno", "Larkfield Dental")
    page = msp.admin.get(path).text
    assert "was accepted by Alex Moreno" in shown(page)
    # It is accepted once, not at each change of something else.
    assert msp.admin.change(page, adhoc_number="yes").status_code == 302
    assert "accepted risk" not in msp.changes()[0].detail
    history = words(msp.admin.get("/history?what=all").text)
    assert f"Risk accepted: {PHONE_RISK}" in history


def test_a_risk_that_went_away_has_to_be_accepted_anew_when_it_comes_back(msp: Msp) -> None:
    def change(**fields: object) -> int:
        return msp.admin.change(msp.admin.get("/policies/default").text, **fields).status_code

    assert change(methods=["sms_code"], accepts="y") == 302
    assert change(methods=["sms_code", "mail_link"]) == 302
    assert change(methods=["sms_code"]) == 200
    assert msp.own() == {"methods": ["sms_code", "mail_link"]}


def test_a_client_that_follows_the_defaults_methods_takes_the_defaults_risk(msp: Msp) -> None:
    msp.admin.change(msp.admin.get("/policies/default").text, methods=["sms_code"], accepts="y")
    page = msp.admin.get(msp.page_of(msp.larkfield)).text
    assert PHONE_RISK in shown(page)
    assert msp.admin.change(page, **{"own-minutes_green": "1", "minutes_green": "30"}).status_code == 302


def test_each_way_says_whether_it_is_set_up(msp: Msp) -> None:
    with writing(msp.seeds.session) as session:
        bind_tenant(session, msp.seeds.tenant.id)
        set_tool(session, SMS, True)
        set_tool(session, MAIL, True)
    page = shown(msp.admin.get("/policies/default").text)
    assert "No SMS account" not in page and "No mail server" not in page
    assert "No number to call from is set up." in page and "Duo is not set up." in page
    assert "SMS code fair a code to a phone on file proves the phone is in hand" in page
    # It is each client's own matter, so the default says nothing of it.
    assert "not switched on for this client" not in page
    assert "not switched on for this client" in shown(msp.admin.get(msp.page_of(msp.larkfield)).text)


def test_another_policy_is_copied_into_the_form_and_saved_only_by_save(msp: Msp) -> None:
    msp.set(msp.harbor, minutes_green=15, banner="Partners only", banner_colour="red")
    msp.set(EVERYBODY, minutes_green=45)
    path = msp.page_of(msp.larkfield)
    page = msp.admin.get(f"{path}&copy={msp.harbor.key}").text
    assert "The form shows Harbor Legal. Nothing is saved yet" in shown(page)
    assert msp.own(msp.larkfield) is None
    msp.admin.change(page)
    assert msp.own(msp.larkfield) == msp.own(msp.harbor)
    whole = msp.admin.get(f"{path}&copy=default").text
    msp.admin.change(whole)
    own = msp.own(msp.larkfield) or {}
    assert own["minutes_green"] == 45 and own["banner"] == "" and len(own) == 15
    msp.admin.change(msp.admin.get(f"{path}&copy=none").text)
    assert msp.own(msp.larkfield) is None
    assert "The form shows" not in shown(msp.admin.get(f"{path}&copy=9:999").text)


def test_a_policy_is_copied_to_several_clients_after_a_look_at_what_would_change(msp: Msp) -> None:
    msp.set(msp.harbor, minutes_green=15, counts_elsewhere=False)
    page = msp.admin.get("/policies?q=a").text
    ticks = re.findall(r'name="to" value="([^"]+)"', page)
    assert len(ticks) == 3
    preview = msp.admin.send("/policies/copy", {"to": ticks, "source": msp.harbor.key}, page="/policies?q=a").text
    assert "Larkfield Dental company 250" in shown(preview) and "Quayside Print" in shown(preview)
    assert "as the default 15 min" in shown(preview)
    assert msp.own(msp.larkfield) is None
    applied = msp.admin.client.post("/policies/apply", data=Form(preview, "sheet").fields)
    assert applied.status_code == 302
    quayside = Client(msp.larkfield.integration_id, "253")
    assert msp.own(msp.larkfield) == msp.own(quayside) == msp.own(msp.harbor)
    assert [event.company_name for event in msp.changes()[:2]] == ["Quayside Print", "Larkfield Dental"]


@on_one_database
def test_a_copy_to_nobody_or_to_a_forged_client_changes_nothing(msp: Msp) -> None:
    msp.set(msp.harbor, minutes_green=15)
    page = msp.admin.get("/policies?q=larkfield").text
    tick = re.findall(r'name="to" value="([^"]+Larkfield[^"]*)"', page)[0]
    forged = [tick.replace("Larkfield", "Evil"), tick.replace(":250:", ":999:"), "x", "1:2:3", "9" * 30 + ":1:é:x"]
    for to in ([], forged):
        answer = msp.admin.send("/policies/copy", {"to": to, "source": msp.harbor.key}, page="/policies?q=a")
        assert answer.status_code == 302
    nowhere = msp.admin.send("/policies/copy", {"to": [tick], "source": "9:9"}, page="/policies?q=a")
    assert nowhere.status_code == 302


@on_one_database
def test_a_client_whom_the_psa_never_named_has_no_page(msp: Msp) -> None:
    path = msp.page_of(msp.larkfield)
    assert msp.admin.get(path).status_code == 200
    for wrong in (
        path.replace("Larkfield", "Evilfield"), path.replace("/250?", "/251?"), path.split("?")[0],
        path.split("told=")[0] + "told=é", f"/policies/999/{'9' * 50}", "/policies/99999999999/1",
    ):  # fmt: skip
        assert msp.admin.get(wrong).status_code == 404, wrong
        assert msp.admin.send(wrong, {}, page="/policies/default").status_code in (404, 405), wrong


def test_technician_and_auditor_read_and_cannot_change(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30, banner="Partners only")
    path = msp.page_of(msp.larkfield)
    for reader in (msp.technician, msp.auditor):
        for page in ("/policies", "/policies?q=a", "/policies/default", path):
            answer = reader.get(page)
            assert answer.status_code == 200
            assert "<select" not in answer.text and ">Save<" not in answer.text
        assert "30 min own" in shown(answer.text) and "“Partners only”" in shown(answer.text)
        for post in (
            "/policies/default",
            path,
            "/policies/import",
            "/policies/apply",
            "/policies/copy",
            "/policies/explain",
        ):
            assert reader.send(post, {"minutes_green": "5", "seen": "0"}, page="/policies").status_code == 403
        for admins in ("/policies/import", "/policies/explain"):
            assert reader.get(admins).status_code == 403
    assert msp.technician.get("/policies/export").status_code == 403
    assert msp.auditor.get("/policies/export").status_code == 200
    assert msp.own(msp.larkfield) == {"minutes_green": 30, "banner": "Partners only"}


def test_no_form_is_taken_without_its_token(msp: Msp) -> None:
    for path in ("/policies/default", "/policies/import", "/policies/apply", "/policies/copy", "/policies/explain"):
        assert msp.admin.client.post(path, data={"minutes_green": "5", "seen": "0"}).status_code == 400
    assert msp.own() is None


def test_a_stranger_sees_and_changes_nothing_of_another_msp(app: Flask, psa: Psa, msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30, banner="Northgate's secret")
    msp.set(EVERYBODY, banner="Northgate's default")
    path, clean = msp.page_of(msp.larkfield), f"/policies/{msp.larkfield.integration_id}/250"
    other = an_msp(app, psa, "Southgate IT")
    for page in ("/policies", "/policies?q=dental", "/policies/default", "/policies/export", "/policies/explain"):
        assert "Northgate" not in other.admin.get(page).text, page
    for wrong in (path, clean):
        assert other.admin.get(wrong).status_code == 404
        assert other.admin.send(wrong, {"minutes_green": "5", "seen": "0"}, page="/policies/default").status_code == 404
    asked = {"integration": str(msp.larkfield.integration_id), "ticket": "48213"}
    assert "Whitfield" not in other.admin.send("/policies/explain", asked).text
    assert other.admin.get(f"/policies/default?copy={msp.larkfield.key}").text.count("Northgate") == 0
    tick = {"to": [f"{msp.larkfield.integration_id}:250:x:Larkfield Dental"], "source": msp.larkfield.key}
    other.admin.send("/policies/copy", tick, page="/policies/default")
    assert msp.own(msp.larkfield) == {"minutes_green": 30, "banner": "Northgate's secret"}
    assert other.own() is None


EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "{{ 'ab' * 4 }}{% raw %}",
    "</title></textarea></style><script>alert(1)</script>",
    "` onmouseover=alert(1) x=`",
    "&lt;script&gt;&#x3c;b&#x3e;",
    "a: \"b'\\ # c",
)


class Foreign(HTMLParser):
    """Collects what our templates never write."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge one element."""
        known = dict(attrs)
        if tag in ("img", "iframe", "object", "embed", "base", "style", "textarea"):
            self.found.append(tag)
        if tag == "script" and not (known.get("src") or "").startswith("/static/"):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in known if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("evil", EVIL)
@on_one_database
def test_banners_and_names_of_clients_are_text_and_never_markup(msp: Msp, psa: Psa, evil: str) -> None:
    client = Client(msp.larkfield.integration_id, "250", evil)
    msp.set(client, banner=evil, minutes_green=30)
    msp.set(EVERYBODY, banner=evil)
    path = f"/policies/{client.integration_id}/250"
    pages = {
        each: msp.admin.get(each).text
        for each in ("/policies", "/policies/default", path, f"{path}?copy=default", "/history?what=all")
    }
    pages["search"] = msp.admin.get("/policies", query_string={"q": evil}).text
    pages["read"] = msp.technician.get(path).text
    pages["refused"] = msp.admin.change(pages[path], banner=evil * 40, minutes_green=evil).text
    pages["explained"] = msp.admin.send("/policies/explain", {"integration": "1", "ticket": "48213"}).text
    pages["badly asked"] = msp.admin.send("/policies/explain", {"integration": "1", "ticket": evil}).text
    export = msp.admin.get("/policies/export").data
    for name, data in (("preview", export.replace(b"30", b"31")), ("bad file", export + evil.encode())):
        pages[name] = upload(msp.admin, data)
    for name, page in pages.items():
        assert not Foreign(page).found, name
        assert "abababab" not in page, name
    assert evil in words(pages["explained"]) or "<" in evil
    assert msp.own(client) == {"banner": evil, "minutes_green": 30}


def upload(browser: Browser, data: bytes) -> str:
    """What a file would change."""
    import io

    return browser.send("/policies/import", {"file": (io.BytesIO(data), "policies.yaml")}).text


@on_one_database
def test_looking_changes_nothing_and_asks_nobody_to_send_anything(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    before = len(msp.changes())
    for path in ("/policies", "/policies?q=a", "/policies/default", "/policies/1/250?copy=none", "/policies/export",
                 "/policies/import", "/policies/explain"):  # fmt: skip
        assert msp.admin.get(path).status_code == 200
        assert msp.admin.client.head(path).status_code == 200
    assert len(msp.changes()) == before
    assert msp.own(msp.larkfield) == {"minutes_green": 30}
    db.session.rollback()
