"""The pod's endpoints. Each says in its decorator who may call it; a widget asks for itself and fails by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request

from connectors.base import PsaError
from podserver.accounts.models import Role
from podserver.branding.service import letterhead
from podserver.configuration import Settings
from podserver.database import discard, release, writing
from podserver.delivery.outbox import Exchange
from podserver.history.service import Entry, Kind, Subject, record
from podserver.integrations.service import Connections
from podserver.pod import rows, service
from podserver.pod.reaching import Kept, Reachable
from podserver.pod.session import Visit, company_of, hand_out, pod_visit
from podserver.security import sealing
from podserver.verification import by_hand, notes
from podserver.verification import service as verification
from podserver.verification.destinations import phone_target
from podserver.verification.ending import Result
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Marks, Proof
from podserver.verification.models import State, Verification

blueprint = Blueprint("pod", __name__, url_prefix="/pod")

MAY_VERIFY = (Role.ADMIN, Role.TECHNICIAN)
_LONGEST_NOTE = 500


def _exchange() -> Exchange:
    exchange: Exchange = current_app.extensions["exchange"]
    return exchange


def _connections() -> Connections:
    connections: Connections = current_app.extensions["connections"]
    return connections


def _context(visit: Visit) -> rows.Context:
    return rows.Context(visit.policy, visit.ready, visit.tenant.hash_key, visit.ticket, visit.at)


@blueprint.post("/caller")
@pod_visit()
def caller(visit: Visit) -> Any:
    """The caller's widget: who, and a row for each destination. A POST, because it may ask the PSA and keep the answer."""
    session = visit.session
    release(session)
    try:
        shown = service.load(
            session,
            _connections().to(visit.integration),
            tenant=visit.tenant,
            integration_id=visit.integration.id,
            record=visit.pod.record,
            contact=visit.pod.contact if visit.pod.chosen else "",
            at=visit.at,
            anew=request.form.get("anew") == "1",
        )
    except PsaError as error:
        return render_template("pod/caller_failed.html", problem=str(error), final=error.permanent)
    if shown.contact is None:
        return render_template("pod/caller.html", visit=visit, shown=shown, rows=[], no_contact=True, alarm=None)
    pod = dataclasses.replace(visit.pod, contact=shown.contact.ref, company=company_of(shown.contact))
    hand_out(pod, visit.at)
    # What was shown is now kept, and whose policy counts is only now known.
    visit = visit.again(pod)
    found = verification.of_contact(session, visit.integration.id, shown.contact.ref, visit.at)
    return render_template(
        "pod/caller.html",
        visit=visit,
        shown=shown,
        rows=rows.build(_context(visit), visit.destinations(visit.kept()), found),
        alarm=rows.alarm_of(found, visit.at),
        methods=METHODS,
        fresh_id=sealing.random_id,
        no_contact=False,
    )


@blueprint.get("/rows")
@pod_visit()
def changed_rows(visit: Visit) -> Any:
    """The rows that are not as the page last saw them; 204 when all are. Two SELECTs, no commit."""
    kept = visit.kept()
    found = verification.of_contact(visit.session, visit.integration.id, kept.contact.ref, visit.at)
    seen = dict(each.partition("=")[::2] for each in request.args.get("seen", "")[:4000].split(",") if each)
    every = rows.build(_context(visit), visit.destinations(kept), found)
    alarmed = rows.alarm_of(found, visit.at) is not None
    if seen and (any(row.key not in seen for row in every) or ("alarm" in seen) != alarmed):
        # There is a row that the page does not have, so it draws its list anew.
        return Response("", 204, {"HX-Trigger": "rows-changed"})
    changed = [row for row in every if seen.get(row.key, "").partition("~")[0] != row.version]
    statuses = [row for row in every if row not in changed and seen[row.key].partition("~")[2] != row.status_version]
    if not changed and not statuses:
        return "", 204
    return render_template("pod/changed_rows.html", rows=changed, statuses=statuses)


@blueprint.post("/verifications")
@pod_visit(writes=True, roles=MAY_VERIFY)
def start(visit: Visit) -> Any:
    """Ask one of the caller's destinations, or join the request that is running."""
    kept = visit.kept()
    destination = _asked_for(visit, kept)
    method = METHODS.get(request.form.get("method", ""))
    request_id = request.form.get("request_id", "")
    if destination is None:
        abort(409, "This number is not the caller's any more. Reload the pod.")
    if method is None or destination.target.kind not in method.kinds or not 16 <= len(request_id) <= 64:
        abort(400, "This request was not made by the pod.")
    if method.proof == Proof.WORD:
        abort(400, "A word is recorded, not asked for.")
    settings: Settings = current_app.extensions["settings"]
    summary = ""
    if method.proof != Proof.CODE:
        summary = service.summary_of(visit.session, visit.integration.id, visit.pod.record)
    result = verification.start(
        visit.session,
        setting=verification.Setting(
            visit.tenant, visit.policy, settings.base_url, partial(letterhead, visit.session, visit.tenant)
        ),
        asker=visit.asker,
        caller=visit.caller(kept.contact, summary),
        target=destination.target,
        method=method.name,
        request_id=request_id,
        again=request.form.get("again") == "1",
        at=visit.at,
    )
    _finish(visit, result)
    if destination.target.marks.typed:
        return _typed_answer(result)
    return _row(visit, destination, result)


def _asked_for(visit: Visit, kept: Kept) -> Reachable | None:
    """The destination that the page names, or the number that was typed where the policy takes one."""
    typed = request.form.get("number", "")[:40]
    if typed:
        target = phone_target(
            hash_key=visit.tenant.hash_key,
            integration_id=visit.integration.id,
            contact=kept.contact.ref,
            value=typed,
            region=visit.tenant.region,
            mobile=False,
            marks=Marks(typed=True),
        )
        # A number that stands in the PSA is what it is there, however it was entered.
        on_file = _find(visit.destinations(kept), target.key)
        return on_file or Reachable(target, typed, "not on file")
    return _find(visit.destinations(kept), request.form.get("destination", ""))


def _find(destinations: Sequence[Reachable], key: str) -> Reachable | None:
    return next((each for each in destinations if each.target.key == key), None)


def _typed_answer(result: Result) -> Any:
    if result.refused:
        problem = render_template("pod/problem.html", problem=result.refused)
        return Response(problem, headers={"HX-Retarget": "#typed-problem", "HX-Reswap": "innerHTML"})
    return Response("", headers={"HX-Trigger": "rows-changed", "HX-Reswap": "none"})


@blueprint.post("/verifications/<verification_id>/check")
@pod_visit(writes=True, roles=MAY_VERIFY)
def check(visit: Visit, verification_id: str) -> Any:
    """Judge the code that the technician typed."""
    contact = visit.kept().contact
    request_id = request.form.get("request_id", "")
    if not 16 <= len(request_id) <= 64:
        abort(400, "This request was not made by the pod.")
    error = ""
    result: Result | None = None
    try:
        result = verification.check(
            visit.session,
            tenant=visit.tenant,
            asker=visit.asker,
            verification_id=verification_id,
            integration_id=visit.integration.id,
            contact=contact.ref,
            answer=request.form.get("code", "")[:64],
            request_id=request_id,
            at=visit.at,
        )
    except LookupError:
        abort(404, "This request is not one of this caller's. Reload the pod.")
    except ValueError as problem:
        error = str(problem)
    if result is None:
        discard(visit.session)
        return _unchanged_row(visit, verification_id, error)
    _finish(visit, result)
    return _row(visit, _destination_of(visit, result.verification), result)


@blueprint.post("/verifications/<verification_id>/cancel")
@pod_visit(writes=True, roles=MAY_VERIFY)
def cancel(visit: Visit, verification_id: str) -> Any:
    """End a request that nobody will answer."""
    contact = visit.kept().contact
    try:
        result = verification.cancel(
            visit.session,
            asker=visit.asker,
            verification_id=verification_id,
            integration_id=visit.integration.id,
            contact=contact.ref,
            at=visit.at,
        )
    except LookupError:
        abort(404, "This request is not one of this caller's. Reload the pod.")
    _finish(visit, result)
    return _row(visit, _destination_of(visit, result.verification), result)


@blueprint.post("/word")
@pod_visit(writes=True, roles=MAY_VERIFY)
def word(visit: Visit) -> Any:
    """Record that the technician knows who is calling, with the note that says how."""
    request_id = request.form.get("request_id", "")
    if not 16 <= len(request_id) <= 64:
        abort(400, "This request was not made by the pod.")
    try:
        result = by_hand.record_word(
            visit.session,
            tenant=visit.tenant,
            asker=visit.asker,
            caller=visit.caller(visit.kept().contact),
            policy=visit.policy,
            note=request.form.get("note", "")[:2000],
            request_id=request_id,
            at=visit.at,
        )
    except by_hand.BadNote as error:
        discard(visit.session)
        result = Result(None, refused=str(error), changed=False)
    _finish(visit, result)
    if result.refused:
        return Response(
            render_template("pod/problem.html", problem=result.refused), headers={"HX-Retarget": "#word-problem"}
        )
    return Response("", headers={"HX-Trigger": "rows-changed"})


def _finish(visit: Visit, result: Result) -> None:
    if not result.changed:
        discard(visit.session)
        return
    visit.session.commit()
    for row_id in result.outbox:
        _exchange().nudge(row_id)


def _destination_of(visit: Visit, found: Verification | None) -> Reachable:
    assert found is not None
    return _find(visit.destinations(visit.kept()), found.destination_key) or rows.unlisted(found)


def _row(visit: Visit, destination: Reachable, result: Result) -> str:
    error = result.refused
    if result.tries_left is not None:
        tries = "1 try" if result.tries_left == 1 else f"{result.tries_left} tries"
        error = f"Wrong code. {tries} left."
    found = result.verification
    if found is None or found.state in (State.CANCELLED, State.SUPERSEDED):
        # It has nothing to show of its own: the row shows what is live or green beside it.
        known = verification.of_contact(visit.session, visit.integration.id, visit.pod.contact, visit.at)
    else:
        known = [found]
    row = rows.row_of(_context(visit), destination, known, error=error, focus=True)
    return render_template("pod/row_answer.html", row=row)


def _unchanged_row(visit: Visit, verification_id: str, error: str) -> str:
    found = verification.of_contact(visit.session, visit.integration.id, visit.pod.contact, visit.at)
    current = next((v for v in found if v.id == verification_id), None)
    if current is None:
        abort(404, "This request is not one of this caller's. Reload the pod.")
    destination = _destination_of(visit, current)
    row = rows.row_of(_context(visit), destination, found, error=error, focus=True)
    return render_template("pod/row_answer.html", row=row)


@blueprint.get("/history")
@pod_visit()
def history(visit: Visit) -> Any:
    """The caller's verifications, newest first."""
    past = verification.past(visit.session, visit.integration.id, visit.pod.contact, visit.policy.history_rows)
    return render_template("pod/history.html", past=past, methods=METHODS, at=visit.at)


@blueprint.post("/contacts")
@pod_visit(roles=MAY_VERIFY)
def contacts(visit: Visit) -> Any:
    """The company's other contacts to choose from. A POST, because it may ask the PSA and keep the answer."""
    person = visit.kept().contact
    if person.company is None:
        return render_template("pod/contacts.html", contacts=[], visit=visit, problem="This contact has no company.")
    release(visit.session)
    try:
        every = service.colleagues(
            visit.session,
            _connections().to(visit.integration),
            tenant=visit.tenant,
            integration_id=visit.integration.id,
            company=person.company.ref,
            at=visit.at,
        )
    except PsaError as error:
        return render_template("pod/contacts.html", contacts=[], visit=visit, problem=str(error))
    others = [contact for contact in every if contact.ref != person.ref]
    return render_template("pod/contacts.html", contacts=others, visit=visit, problem="")


@blueprint.post("/contact")
@pod_visit(roles=MAY_VERIFY)
def choose_contact(visit: Visit) -> Any:
    """Verify another contact of the company than the ticket's own; the policy may want a note."""
    person = visit.kept().contact
    note = " ".join(request.form.get("note", "").split())
    problem = _problem_with_note(visit, note)
    chosen = None
    if not problem:
        release(visit.session)
        try:
            every = service.colleagues(
                visit.session,
                _connections().to(visit.integration),
                tenant=visit.tenant,
                integration_id=visit.integration.id,
                company=person.company.ref if person.company else "",
                at=visit.at,
            )
            chosen = next((contact for contact in every if contact.ref == request.form.get("contact")), None)
            problem = "" if chosen else "Choose one of the company's contacts."
        except PsaError as error:
            problem = str(error)
    if chosen is None:
        return Response(render_template("pod/problem.html", problem=problem), headers={"HX-Retarget": "#other-problem"})
    _record_choice(visit, chosen.ref, chosen.name, note)
    chosen_pod = dataclasses.replace(visit.pod, contact=chosen.ref, company=company_of(chosen), chosen=True)
    hand_out(chosen_pod, visit.at)
    return Response("", headers={"HX-Trigger-After-Settle": "contact-chosen"})


def _problem_with_note(visit: Visit, note: str) -> str:
    if visit.policy.other_contact_needs_note and len(note) < 3:
        return "Say why, for example: manager approval by e-mail."
    if len(note) > _LONGEST_NOTE:
        return f"A note has {_LONGEST_NOTE} characters at most."
    return ""


def _record_choice(visit: Visit, contact: str, name: str, note: str) -> None:
    with writing(visit.session) as session:
        subject = Subject(integration_id=visit.integration.id, ticket=visit.ticket, contact=contact, contact_name=name)
        record(session, visit.at, Entry(Kind.OTHER_CONTACT, subject, visit.user.name, {"note": note} if note else None))
        row = notes.add_other_contact_note(
            session,
            integration_id=visit.integration.id,
            ticket=visit.ticket,
            contact_name=name,
            reason=note,
            actor=visit.user.name,
            internal=visit.policy.note_internal,
            at=visit.at,
        )
    if row is not None:
        _exchange().nudge(row)


@blueprint.post("/renew")
@pod_visit()
def renew(visit: Visit) -> Any:
    """Keep the session of a page that is being used; answers with a fresh token."""
    hand_out(visit.pod, visit.at)
    return "", 204
