"""Every route against every role, from the URL map itself, and every form without its token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from portal_rig import ADMIN, AUDITOR, TECHNICIAN, Browser
from werkzeug.routing import Rule

from podserver.accounts.models import Role
from podserver.portal.session import EVERYBODY, decision

Open = Callable[..., Browser]
PEOPLE = {Role.ADMIN: ADMIN, Role.TECHNICIAN: TECHNICIAN, Role.AUDITOR: AUDITOR}
# Doors that are not the portal's: each has its own proof of who calls, and its own tests.
NOT_THE_PORTAL = {"static", "readyz"}
OTHER_ROOMS = {
    "pod",
    "pod_connectwise",
    "pod_halo",
    "pod_autotask",
    "delivery",
    "calls",
    "brand",
    "answering",
    "microsoft_sign_in",
}

MATRIX = {
    "overview.overview": "admin technician auditor",
    "overview.unlock": "admin",
    "callers.tickets": "admin technician auditor",
    "callers.ticket": "admin technician auditor",
    "callers.contacts": "admin technician auditor",
    "callers.verify": "admin technician auditor",
    "callers.let_in": "admin technician auditor",
    "history.history": "admin technician auditor",
    "history.export_signed": "admin auditor",
    "history.export_csv": "admin auditor",
    "integrations.integrations": "admin",
    "integrations.add": "admin",
    "integrations.lists": "admin",
    "integrations.integration": "admin",
    "integrations.loaded": "admin",
    "integrations.install": "admin",
    "integrations.learn_address": "admin",
    "integrations.switch": "admin",
    "messages.messages": "admin",
    "ticketing.profiles": "admin auditor",
    "ticketing.new": "admin",
    "ticketing.add": "admin",
    "ticketing.profile": "admin auditor",
    "ticketing.change": "admin",
    "ticketing.make_default": "admin",
    "ticketing.delete": "admin",
    "duo.applications": "admin",
    "duo.keys": "admin",
    "duo.remove": "admin",
    "mail.mail": "admin",
    "mail.send_trial": "admin",
    "mail.trial_line": "admin",
    "mail.remove": "admin",
    "branding.branding": "admin",
    "branding.letter": "admin",
    "branding.letter_style": "admin",
    "branding.letter_text": "admin",
    "branding.link": "admin",
    "policies.policies": "admin technician auditor",
    "policies.default": "admin technician auditor",
    "policies.change_default": "admin",
    "policies.client": "admin technician auditor",
    "policies.change_client": "admin",
    "policies.export_file": "admin auditor",
    "policies.import_file": "admin",
    "policies.apply": "admin",
    "policies.copy": "admin",
    "policies.explain_pod": "admin",
    "microsoft.microsoft": "admin",
    "microsoft.remove": "admin",
    "microsoft.add_client": "admin",
    "microsoft.client": "admin",
    "microsoft.remove_client": "admin",
    "microsoft.begin_consent": "admin",
    "microsoft.check_consent": "admin",
    # Where the client's own administrator may come back to, who has no account here; see its docstring.
    "microsoft.consent_return": "",
    "microsoft.make_key_pair": "admin",
    "microsoft.enter_secret": "admin",
    "microsoft.test": "admin",
    "microsoft.standing": "admin",
    "microsoft.download_script": "admin",
    "microsoft.switch_on": "admin",
    "microsoft.switch_off": "admin",
    "microsoft.forget_credential": "admin",
    "microsoft.switch_off_everywhere": "admin",
    "pod_window.page": "admin technician auditor",
    "pod_window.confirm": "admin technician auditor",
    "accounts.users": "admin",
    "accounts.new_user": "admin",
    "accounts.edit_user": "admin",
    "accounts.settings": "admin",
    "accounts.sign_out": "admin technician auditor",
    "accounts.sign_in": "",
    "passwords.account": "admin technician auditor",
    "passwords.make_link": "admin",
    # A stranger with a link; see its docstring.
    "passwords.by_link": "",
}


def portal_rules(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in NOT_THE_PORTAL and rule.endpoint.split(".")[0] not in OTHER_ROOMS:
            yield rule


def calls(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Each endpoint with a method and a path that fills the rule's parts."""
    with app.test_request_context():
        for rule in portal_rules(app):
            path = app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, 1))
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                yield rule.endpoint, method, path


def test_every_route_of_the_portal_has_decided_who_may_call_it(app: Flask) -> None:
    undecided = [rule.endpoint for rule in portal_rules(app) if decision(app.view_functions[rule.endpoint]) is None]
    assert not undecided


def test_the_decisions_are_those_of_the_matrix(app: Flask) -> None:
    decided = {rule.endpoint: decision(app.view_functions[rule.endpoint]) for rule in portal_rules(app)}
    assert decided == {endpoint: frozenset(Role(role) for role in roles.split()) for endpoint, roles in MATRIX.items()}


def test_nobody_gets_in_without_a_sign_in(app: Flask, browser: Open) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for endpoint, method, path in calls(app):
        answer = browser().client.open(path, method=method)
        if decision(app.view_functions[endpoint]) == EVERYBODY:
            # A link that never was one is over for everybody.
            assert answer.status_code == (410 if endpoint == "passwords.by_link" else 200), endpoint
        else:
            assert answer.status_code == 302, endpoint
            assert answer.location.startswith("/sign-in"), endpoint


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_in_where_the_matrix_says_and_nowhere_else(app: Flask, browser: Open, role: Role) -> None:
    one = browser(PEOPLE[role])
    app.config["WTF_CSRF_ENABLED"] = False
    for endpoint, method, path in sorted(calls(app), key=lambda call: call[0] == "accounts.sign_out"):
        allowed = decision(app.view_functions[endpoint])
        status = one.client.open(path, method=method).status_code
        if allowed == EVERYBODY or (allowed and role in allowed):
            over = endpoint == "passwords.by_link" and status == 410
            assert over or status in (200, 302, 400, 404), (endpoint, method, status)
        else:
            assert status == 403, (endpoint, method, status)


def test_every_form_without_its_token_is_refused_and_changes_nothing(
    app: Flask, admin: Browser, connected: str
) -> None:
    for endpoint, method, path in calls(app):
        if method == "GET":
            continue
        answer = admin.client.open(path, method=method, data={"active": "0", "role": "auditor"})
        assert answer.status_code == 400, endpoint
        assert "This form is out of date." in answer.text, endpoint
    assert "Switch off" in admin.get(connected).text
    assert admin.get("/").status_code == 200


def test_a_token_of_another_session_is_refused(browser: Open) -> None:
    with browser(AUDITOR).client as other:
        page = other.get("/").text
    stolen = page.split('name="csrf_token" value="')[1].split('"')[0]
    one = browser(ADMIN)
    one.get("/settings")
    assert one.client.post("/sign-out", data={"csrf_token": stolen}).status_code == 400
    assert one.get("/").status_code == 200


def test_the_navigation_names_only_pages_that_open(browser: Open) -> None:
    for email, expected in (
        (
            ADMIN,
            [
                "/",
                "/tickets",
                "/contacts",
                "/history",
                "/integrations",
                "/ticketing",
                "/messages",
                "/mail",
                "/duo",
                "/microsoft",
                "/policies",
                "/branding",
                "/users",
                "/settings",
            ],
        ),
        (TECHNICIAN, ["/", "/tickets", "/contacts", "/history", "/policies"]),
        (AUDITOR, ["/", "/tickets", "/contacts", "/history", "/ticketing", "/policies"]),
    ):
        one = browser(email)
        nav = one.get("/").text.split("<nav")[1].split("</nav>")[0]
        links = [part.split('"')[0] for part in nav.split('href="')[1:]]
        assert links == expected
        assert all(one.get(link).status_code == 200 for link in links)
