"""A change of a policy is an event, two who save at once never undo each other, and a file is applied whole or not."""

from __future__ import annotations

import contextvars
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from policy_rig import Browser, Form, Msp, Psa, an_msp, on_one_database, words
from policy_strategies import settings as some_settings
from sqlalchemy.orm import Session

from podserver.command import main
from podserver.configuration import Settings
from podserver.database import db, now, writing
from podserver.policies import plan, reading, service
from podserver.policies.cautions import PHONE_RISK
from podserver.policies.plan import Wanted
from podserver.policies.policy import as_settings, clean
from podserver.policies.service import EVERYBODY, Client, Overtaken
from podserver.portal.words import detail
from podserver.tenancy import bind_tenant
from podserver.verification.methods import NAMES


def test_a_change_is_an_event_with_before_and_after_in_the_words_of_the_page(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30, methods=["sms_code", "mail_link"])
    msp.set(msp.larkfield, minutes_green=20, banner="Partners only", cooldown_minutes=0)
    msp.set(EVERYBODY, history_rows=5)
    default, second, first = msp.changes()
    assert first.detail == {
        "policy": "Larkfield Dental",
        "before": {"methods": "as the default", "minutes_green": "as the default"},
        "after": {"methods": ["sms_code", "mail_link"], "minutes_green": 30},
    }
    assert detail(second.detail) == (
        "Larkfield Dental. Ways to verify: SMS code, E-mail link → as the default; "
        "Shield stays green: 30 min → 20 min; "
        "Locked after “I did not ask for this”: as the default → until an admin unlocks; "
        "Banner: as the default → “Partners only”"
    )
    assert detail(default.detail) == "every client. Rows of history: 10 rows → 5 rows"
    page = words(msp.admin.get("/history?what=all&text=larkfield").text)
    assert "Shield stays green: 30 min → 20 min" in page


def test_what_changes_nothing_is_no_event(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    msp.set(msp.larkfield, minutes_green=30)
    msp.set(EVERYBODY, minutes_green=60)
    assert len(msp.changes()) == 1
    assert msp.admin.change(msp.admin.get("/policies/default").text).status_code == 302
    assert len(msp.changes()) == 1


def test_the_second_of_two_admins_is_told_and_loses_nothing(msp: Msp) -> None:
    path = msp.page_of(msp.larkfield)
    page = msp.admin.get(path).text
    msp.set(msp.larkfield, minutes_green=30, history_rows=5)
    told = msp.admin.change(
        page, **{"own-minutes_green": "1", "minutes_green": "20", "own-banner": "1", "banner": "Mine"}
    )
    assert told.status_code == 409
    text = words(told.text)
    assert "Priya Nair saved this policy while you were changing it. Nothing of yours is saved yet." in text
    assert "Shield stays green 30 min 20 min" in text and "Rows of history 5 rows as the default" in text
    assert "Banner as the default “Mine”" in text
    assert msp.own(msp.larkfield) == {"minutes_green": 30, "history_rows": 5}
    # What was typed is still there; Save now knows what it replaces.
    assert Form(told.text).fields["banner"] == ["Mine"]
    assert msp.admin.change(told.text).status_code == 302
    assert msp.own(msp.larkfield) == {"minutes_green": 20, "banner": "Mine"}
    assert msp.changes()[0].detail["before"]["history_rows"] == 5


def test_moving_a_method_does_not_hide_that_somebody_else_saved(msp: Msp) -> None:
    page = msp.admin.get("/policies/default").text
    msp.set(EVERYBODY, minutes_green=30)
    moved = msp.admin.change(page, press=("move", "sms_link:up")).text
    assert msp.admin.change(moved).status_code == 409
    assert msp.own() == {"minutes_green": 30}


def test_a_policy_that_was_taken_away_and_made_anew_is_not_the_one_that_was_seen(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    page = msp.admin.get(msp.page_of(msp.larkfield)).text
    msp.set(msp.larkfield)
    msp.set(msp.larkfield, minutes_green=31)
    assert msp.admin.change(page, minutes_green="32").status_code == 409
    msp.set(msp.larkfield)
    gone = msp.admin.change(page, minutes_green="32")
    assert gone.status_code == 409 and "Somebody saved this policy" in words(gone.text)


def at_once(app: Flask, tenant: int, *work: Callable[[Session], None]) -> list[str]:
    """Run each in a thread and a session of its own, all at the same moment; what each raised, by its name."""
    gate, ends = threading.Barrier(len(work)), [""] * len(work)

    def run(place: int, one: Callable[[Session], None]) -> None:
        with app.app_context():
            session = db.session()
            bind_tenant(session, tenant)
            # Each has read before, as a page does, and must not believe what it read.
            service.stored(session, EVERYBODY)
            session.commit()
            gate.wait(timeout=10)
            try:
                with writing(session):
                    one(session)
            except Exception as error:
                ends[place] = type(error).__name__
            finally:
                db.session.remove()

    threads = [
        threading.Thread(target=contextvars.Context().run, args=(run, place, one)) for place, one in enumerate(work)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return ends


@pytest.mark.parametrize("there", [False, True])
def test_of_many_who_save_at_the_same_moment_one_wins_and_all_others_are_told(
    app: Flask, msp: Msp, there: bool
) -> None:
    if there:
        msp.set(EVERYBODY, minutes_green=10)
    tenant = msp.seeds.tenant.id
    seen = service.stored(msp.seeds.session, EVERYBODY).revision
    msp.seeds.session.rollback()

    def save(minutes: int) -> Callable[[Session], None]:
        def one(session: Session) -> None:
            said = {"minutes_green": minutes}
            service.change(session, EVERYBODY, said, seen=seen, accepts=False, actor=str(minutes), at=now())

        return one

    ends = at_once(app, tenant, *[save(20 + each) for each in range(6)])
    assert sorted(ends) == ["", *["Overtaken"] * 5]
    winner = 20 + ends.index("")
    assert msp.own() == {"minutes_green": winner}
    assert [event.actor for event in msp.changes()][: 1 + there] == [str(winner), "Priya Nair"][: 1 + there]
    assert len(msp.changes()) == 1 + there


def upload(browser: Browser, data: bytes) -> Any:
    return browser.send("/policies/import", {"file": (io.BytesIO(data), "policies.yaml")})


def confirm(browser: Browser, preview: str, **changes: Any) -> Any:
    form = Form(preview, "sheet")
    return browser.client.post(form.action, data={**form.fields, **changes})


def test_a_file_shows_what_would_change_and_changes_it_when_confirmed(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    exported = msp.auditor.get("/policies/export")
    assert exported.headers["Content-Disposition"].endswith('.yaml"')
    same = upload(msp.admin, exported.data)
    assert "Nothing would change" in words(same.text)
    edited = exported.data.replace(b"minutes_green: 30", b"minutes_green: 25").replace(b"rows: 10", b"rows: 12")
    preview = upload(msp.admin, edited).text
    assert "Default Setting Now Then Rows of history 10 rows 12 rows" in words(preview)
    assert "Larkfield Dental company 250 Setting Now Then Shield stays green 30 min 25 min" in words(preview)
    assert msp.own(msp.larkfield) == {"minutes_green": 30} and msp.own() is None
    assert confirm(msp.admin, preview).location == "/policies"
    assert msp.own(msp.larkfield) == {"minutes_green": 25} and msp.own() == {"history_rows": 12}
    assert [event.actor for event in msp.changes()[:2]] == ["Alex Moreno"] * 2
    assert "2 policies are changed." in msp.admin.get("/policies").text


def test_a_file_leaves_alone_whom_it_does_not_name_and_takes_back_what_it_empties(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    msp.set(msp.harbor, minutes_green=15)
    client = "{integration: ConnectWise, company: '251', name: Harbor Legal, settings: {}}"
    text = f"podserver-policies: 1\nclients:\n  - {client}\n"
    confirm(msp.admin, upload(msp.admin, text.encode()).text)
    assert msp.own(msp.larkfield) == {"minutes_green": 30}
    assert msp.own(msp.harbor) is None


def test_a_wrong_file_changes_nothing_at_all(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    good = msp.admin.get("/policies/export").data.replace(b"minutes_green: 30", b"minutes_green: 25")
    answer = upload(msp.admin, good + b"  - {integration: ConnectWise, company: '9', name: X, settings: {moon: 1}}\n")
    assert "Nothing was changed: the file cannot be applied." in words(answer.text)
    assert "There is no 'moon' in settings" in words(answer.text) and "Line " in words(answer.text)
    assert msp.own(msp.larkfield) == {"minutes_green": 30}
    for data in (b"", b"\xff", b"#" * (reading.LARGEST + 5)):
        assert "Nothing was changed" in words(upload(msp.admin, data).text)
    assert "Choose a file." in msp.admin.send("/policies/import", {}).text
    assert upload(msp.admin, b"#" * 300_000).status_code == 413


@on_one_database
def test_what_was_confirmed_is_checked_anew_and_a_forged_confirmation_is_refused(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    edited = msp.admin.get("/policies/export").data.replace(b"minutes_green: 30", b"minutes_green: 25")
    preview = upload(msp.admin, edited).text
    for packed in ("", "x", "eNo=", "A" * 90_000, "A" * 120_001):
        assert confirm(msp.admin, preview, packed=packed).status_code in (200, 400)
        assert msp.own(msp.larkfield) == {"minutes_green": 30}
    import base64
    import zlib

    bomb = base64.b64encode(zlib.compress(b"#" * 50_000_000, 9)).decode()
    assert "larger than" in words(confirm(msp.admin, preview, packed=bomb).text)
    evil = base64.b64encode(zlib.compress(edited + b"evil: 1\n")).decode()
    assert "There is no 'evil'" in words(confirm(msp.admin, preview, packed=evil).text)
    assert msp.own(msp.larkfield) == {"minutes_green": 30}


def test_policies_that_changed_since_the_look_are_looked_at_again(msp: Msp) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    edited = msp.admin.get("/policies/export").data.replace(b"minutes_green: 30", b"minutes_green: 25")
    preview = upload(msp.admin, edited).text
    msp.set(msp.larkfield, minutes_green=40)
    again = confirm(msp.admin, preview)
    assert "Policies were changed meanwhile." in again.text and "40 min 25 min" in words(again.text)
    assert msp.own(msp.larkfield) == {"minutes_green": 40}
    assert confirm(msp.admin, again.text).status_code == 302
    assert msp.own(msp.larkfield) == {"minutes_green": 25}


def test_a_file_that_leaves_a_risk_is_applied_only_with_the_risk_accepted(msp: Msp) -> None:
    text = "podserver-policies: 1\ndefault:\n  methods: [sms_code]\nclients:\n" + "".join(
        f"  - {{integration: ConnectWise, company: '{n}', name: Client {n}, settings: {{{own}}}}}\n"
        for n, own in ((1, "methods: [voice_code]"), (2, "minutes_green: 30"), (3, "methods: [mail_link]"))
    )
    preview = upload(msp.admin, text.encode()).text
    # The default and the first client decide for the telephone themselves; the second only follows.
    assert words(preview).count(PHONE_RISK) == 2
    refused = confirm(msp.admin, preview)
    assert "there is a risk to accept first" in refused.text and msp.own() is None
    assert confirm(msp.admin, refused.text, accepts="y").status_code == 302
    accepted = {event.detail["policy"] for event in msp.changes() if "accepted risk" in event.detail}
    assert accepted == {"every client", "Client 1"}
    exported = msp.admin.get("/policies/export").text
    assert exported.count("# Risk accepted by Alex Moreno on ") == 2 and PHONE_RISK in exported


_POLICIES = st.dictionaries(st.sampled_from(["250", "251", "252"]), some_settings(), max_size=3)


@on_one_database
@effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_settings(), _POLICIES, some_settings(), _POLICIES)
def test_an_export_brings_back_what_was_whatever_came_between(
    msp: Msp, default: dict[str, Any], clients: dict[str, Any], later: dict[str, Any], others: dict[str, Any]
) -> None:
    number = msp.larkfield.integration_id

    def put(of_all: dict[str, Any], of_each: dict[str, Any]) -> None:
        msp.set(EVERYBODY, **of_all)
        for company in ("250", "251", "252"):
            msp.set(Client(number, company, f"Client {company}"), **of_each.get(company, {}))

    def everything() -> Any:
        own = {company: msp.own(Client(number, company)) for company in ("250", "251", "252")}
        return own, as_settings(msp.seeds.policy)

    put(default, clients)
    before, exported = everything(), msp.admin.get("/policies/export").data
    put(later, others)
    session = msp.seeds.session
    session.rollback()
    bind_tenant(session, msp.seeds.tenant.id)
    wanted = reading.read(exported, [msp.seeds.integration])
    named = {each.client.key for each in wanted}
    wanted += [
        Wanted(client, {})
        for client in (Client(number, company, f"Client {company}") for company in ("250", "251", "252"))
        if client.key not in named
    ]
    session.rollback()
    with writing(session):
        plan.apply(session, wanted, state=None, accepts=True, actor="tests", at=now())
    assert everything() == before
    assert before[0]["250"] == (clean(clients["250"], NAMES) if clients.get("250") else None)
    with writing(session):
        assert not plan.plan(session, wanted).changes


@on_one_database
def test_a_plan_that_is_out_of_date_is_refused_whole(msp: Msp) -> None:
    session = msp.seeds.session
    bind_tenant(session, msp.seeds.tenant.id)
    wanted = [Wanted(msp.larkfield, {"minutes_green": 30}), Wanted(msp.harbor, {"minutes_green": 31})]
    with writing(session):
        state = plan.plan(session, wanted).state
    msp.set(Client(msp.larkfield.integration_id, "252", "Ferrer & Sons"), minutes_green=33)
    with pytest.raises(Overtaken):
        with writing(session):
            plan.apply(session, wanted, state=state, accepts=False, actor="tests", at=now())
    assert msp.own(msp.larkfield) is None and msp.own(msp.harbor) is None


@pytest.fixture
def shell(settings: Settings, tmp_path: Any) -> Callable[..., Any]:
    """Runs ``podserver`` with the environment of the application under test."""
    environment = {
        "PODSERVER_ENVIRONMENT": "development",
        "PODSERVER_BASE_URL": settings.base_url,
        "PODSERVER_SECRET_KEYS": ",".join(settings.secret_keys),
        "PODSERVER_STATE_DIR": str(settings.state_dir),
        "PODSERVER_DATABASE_URL": settings.database_url,
        "PODSERVER_LOG_LEVEL": "error",
    }

    def run(*arguments: str) -> Any:
        return contextvars.Context().run(CliRunner().invoke, main, ["policy", *arguments], env=environment)

    return run


def test_the_shell_exports_shows_and_imports(msp: Msp, shell: Callable[..., Any], tmp_path: Any) -> None:
    msp.set(msp.larkfield, minutes_green=30)
    file = tmp_path / "policies.yaml"
    assert shell("export", "--output", str(file)).exit_code == 0
    assert shell("export").output.count('name: "Larkfield Dental"') == 1
    file.write_text(file.read_text().replace("minutes_green: 30", "minutes_green: 25"))
    dry = shell("import", str(file), "--dry-run")
    assert dry.exit_code == 0
    assert "Larkfield Dental\n  Shield stays green: 30 min -> 25 min\n" in dry.output
    assert "Nothing was changed" in dry.output and msp.own(msp.larkfield) == {"minutes_green": 30}
    done = shell("import", str(file))
    assert done.exit_code == 0 and "1 changed." in done.output
    assert msp.own(msp.larkfield) == {"minutes_green": 25}
    assert msp.changes()[0].actor == "podserver policy import"


def test_the_shell_refuses_a_wrong_file_with_its_lines_and_a_risk_that_nobody_accepts(
    msp: Msp, shell: Callable[..., Any], tmp_path: Any
) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text("podserver-policies: 1\ndefault:\n  minuts_green: 30\n")
    wrong = shell("import", str(file))
    assert wrong.exit_code == 1
    assert f"{file}: Line 3, column 3: There is no 'minuts_green'" in wrong.output
    file.write_text("podserver-policies: 1\ndefault:\n  methods: [sms_code]\n")
    risky = shell("import", str(file))
    assert risky.exit_code == 1 and "--accept-risk" in risky.output and msp.own() is None
    assert shell("import", str(file), "--accept-risk").exit_code == 0
    assert msp.changes()[0].detail["accepted risk"] == PHONE_RISK
    assert shell("import", str(tmp_path / "nowhere.yaml")).exit_code == 2


@on_one_database
def test_the_shell_asks_which_tenant_where_there_are_several(
    app: Flask, psa: Psa, msp: Msp, shell: Callable[..., Any]
) -> None:
    msp.set(EVERYBODY, banner="Northgate's")
    an_msp(app, psa, "Southgate IT")
    assert "Use --tenant" in shell("export").output
    assert "Northgate's" in shell("export", "--tenant", "northgate it").output
    assert "Northgate" not in shell("export", "--tenant", "Southgate IT").output
