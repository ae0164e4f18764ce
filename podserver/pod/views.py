"""The pod's endpoints. Each says in its decorator who may call it; a widget asks for itself and fails by itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request
from sqlalchemy.exc import IntegrityError

from connectors.base import PsaError
from podserver.branding.service import letterhead
from podserver.configuration import Settings
from podserver.database import discard, release, writing
from podserver.delivery.outbox import Exchange
from podserver.integrations import refusals
from podserver.integrations.connections import Connections
from podserver.pod import other_contact, rows, search, service, words
from podserver.pod.other_contact import MAY_VERIFY
from podserver.pod.reaching import Kept, Reachable
from podserver.pod.session import Visit, company_of, hand_out, pod_visit
from podserver.pod.standing import Telling
from podserver.security import sealing
from podserver.verification import by_hand, starting
from podserver.verification import service as verification
from podserver.verification.destinations import phone_target
from podserver.verification.ending import CHANGED, GONE, End, Result, finish_every
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Marks, Proof
from podserver.verification.models import State
from podserver.verification.offers import person_target

blueprint = Blueprint("pod", __name__, url_prefix="/pod")
# What makes the same click twice one request: new with each drawing of a form.
blueprint.add_app_template_global(sealing.random_id, "fresh_id")

_NO_NUMBER = "That is no valid phone number. Type it with the area code, or with + and the country code."


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
    """The caller's widget: who, and a row for each destination. A POST, as it may ask the PSA and keep the answer."""
    session, integration = visit.session, visit.integration
    release(session)
    if not visit.pod.record:
        return search.ask_for_record(integration)
    try:
        with refusals.noticed(session, integration, visit.at):
            shown = service.load(
                session,
                _connections().to(integration),
                tenant=visit.tenant,
                integration_id=visit.integration_id,
                record=visit.pod.record,
                contact=visit.pod.contact if visit.pod.chosen else "",
                at=visit.at,
                anew=request.form.get("anew") == "1",
            )
    except service.ContactGone as gone:
        ended = _end(visit, GONE, gone.contact)
        return render_template("pod/caller_failed.html", problem=str(gone), final=True, ended=ended)
    except PsaError as error:
        return render_template("pod/caller_failed.html", problem=str(error), final=error.permanent)
    ended = _end_for_the_former(visit, shown)
    called = service.called(shown.ticket)
    if shown.contact is None:
        # A contact can be chosen, and then it is the policy of the ticket's client that counts.
        company = shown.ticket.company if shown.ticket else None
        company_ref = company.ref[:40] if company else ""
        pod = dataclasses.replace(visit.pod, contact="", company=company_ref, chosen=False, called=called)
        hand_out(pod, visit.at)
        return render_template("pod/caller.html", visit=visit, shown=shown, ended=ended)
    pod = dataclasses.replace(visit.pod, contact=shown.contact.ref, company=company_of(shown.contact), called=called)
    hand_out(pod, visit.at)
    # What was shown is now kept, and whose policy counts is only now known.
    visit = visit.again(pod)
    kept, context, standing = visit.kept(), _context(visit), visit.standing
    every = rows.build(context, visit.destinations(kept), standing.verifications)
    return render_template(
        "pod/caller.html",
        visit=visit,
        shown=shown,
        ended=ended,
        name=_first_name(kept),
        rows=every,
        lock=standing.lock,
        nothing=rows.why_none(context, kept.contact),
        folded=not standing.lock and rows.folded(context, every),
        typed_offers=rows.typed_offers(context),
        by_hand=by_hand.METHOD in visit.policy.methods,
    )


def _end_for_the_former(visit: Visit, shown: service.Shown) -> int:
    """End what this ticket asked of a contact who is not its contact any more; how many requests that were.

    Whoever changes a ticket's contact, or merges two, does not mean that the one's proof should stand on the other's
    ticket.
    """
    former = "" if visit.pod.chosen or not visit.ticket else visit.pod.contact
    if not former or (shown.contact is not None and shown.contact.ref == former):
        return 0
    return _end(visit, CHANGED, former, ticket=visit.ticket)


def _end(visit: Visit, end: End, contact: str, *, ticket: str = "") -> int:
    """End what runs for a contact, and forget one who is gone; how many requests that were."""
    integration_id = visit.integration_id
    with writing(visit.session) as session:
        ended = finish_every(
            session, end, visit.user.name, visit.at, integration_id=integration_id, contact=contact, ticket=ticket
        )
        if end is GONE:
            service.forget_contact(session, integration_id, contact)
    for row_id in [row for each in ended for row in each.outbox]:
        _exchange().nudge(row_id)
    return len(ended)


@blueprint.get("/rows")
@pod_visit(standing=True)
def changed_rows(visit: Visit) -> Any:
    """What is not as the page last saw it, 204 when everything is; the whole list for a page that says nothing.

    ``seen`` is a comma-separated list of ``key=version~status`` for each row, and ``lock=version``. One SELECT, no
    commit.
    """
    kept, context, standing = visit.kept(), _context(visit), visit.standing
    every = rows.build(context, visit.destinations(kept), standing.verifications)
    seen = dict(each.partition("=")[::2] for each in request.args.get("seen", "")[:8000].split(",") if each)
    if not seen:
        nothing = rows.why_none(context, kept.contact)
        return render_template(
            "pod/whole_list.html", name=_first_name(kept), rows=every, lock=standing.lock, nothing=nothing
        )
    if seen.pop("lock", standing.lock_version) != standing.lock_version or seen.keys() != {row.key for row in every}:
        # Rows came or went, so the page asks for its list anew.
        return Response("", 204, {"HX-Trigger": "rows-changed"})
    changed = [row for row in every if seen[row.key].partition("~")[0] != row.version]
    statuses = [row for row in every if row not in changed and seen[row.key].partition("~")[2] != row.status_version]
    if not changed and not statuses:
        return "", 204
    return render_template("pod/changed_rows.html", rows=changed, statuses=statuses)


def _first_name(kept: Kept) -> str:
    return kept.contact.first_name or kept.contact.name


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
    if destination.target.marks.typed and not destination.target.address:
        discard(visit.session)
        return _problem_at("#typed-problem", _NO_NUMBER)
    settings: Settings = current_app.extensions["settings"]
    summary = ""
    if method.proof != Proof.CODE:
        summary = service.summary_of(visit.session, visit.integration_id, visit.pod.record)
    result = starting.start(
        visit.session,
        setting=starting.Setting(
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
    if request.form.get("number"):
        return _typed_answer(visit, destination, result)
    return _row(visit, destination, result)


def _asked_for(visit: Visit, kept: Kept) -> Reachable | None:
    """The destination that the page names, or the number that was typed where the policy takes one."""
    typed = request.form.get("number", "")[:40]
    if typed:
        target = phone_target(
            hash_key=visit.tenant.hash_key,
            integration_id=visit.integration_id,
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


def _typed_answer(visit: Visit, destination: Reachable, result: Result) -> Any:
    """The form for a number that was typed: with the refusal, or closed again, while the list learns of the row."""
    if result.refused:
        return _problem_at("#typed-problem", result.refused)
    offers = rows.typed_offers(_context(visit))
    form = render_template("pod/typed_number.html", offers=offers, request_id=sealing.random_id()) if offers else ""
    return _with_new_row(form, destination.target.key)


def _problem_at(place: str, problem: str) -> Response:
    headers = {"HX-Retarget": place, "HX-Reswap": "innerHTML"}
    return Response(render_template("pod/problem.html", problem=problem), headers=headers)


def _with_new_row(form: str, key: str) -> Response:
    # The row takes the keyboard, as that of a destination on file does.
    return Response(form, headers={"HX-Trigger": json.dumps({"rows-changed": {"focus": f"row-{key[:16]}"}})})


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
            integration_id=visit.integration_id,
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
            integration_id=visit.integration_id,
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
    contact = visit.kept().contact
    key = person_target(visit.tenant.hash_key, visit.integration_id, contact.ref).key
    try:
        result = by_hand.record_word(
            visit.session,
            tenant=visit.tenant,
            asker=visit.asker,
            caller=visit.caller(contact),
            policy=visit.policy,
            note=request.form.get("note", "")[:2000],
            request_id=request_id,
            at=visit.at,
        )
    except by_hand.BadNote as error:
        discard(visit.session)
        return _problem_at("#word-problem", str(error))
    except IntegrityError:
        # The same word once more: its answer was lost on the way.
        visit.session.rollback()
        return _with_new_row(render_template("pod/by_hand.html", request_id=sealing.random_id()), key)
    _finish(visit, result)
    if result.refused:
        return _problem_at("#word-problem", result.refused)
    return _with_new_row(render_template("pod/by_hand.html", request_id=sealing.random_id()), key)


def _finish(visit: Visit, result: Result) -> None:
    if not result.changed:
        discard(visit.session)
        return
    visit.session.commit()
    for row_id in result.outbox:
        _exchange().nudge(row_id)


def _destination_of(visit: Visit, found: Telling | None) -> Reachable:
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
        known = visit.standing.verifications
    else:
        known = [found]
    row = rows.row_of(_context(visit), destination, known, error=error, focus=True)
    return render_template("pod/row_answer.html", row=row)


def _unchanged_row(visit: Visit, verification_id: str, error: str) -> str:
    found = visit.standing.verifications
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
    past = verification.past(visit.session, visit.integration_id, visit.pod.contact, visit.policy.history_rows)
    return render_template("pod/history.html", past=past, outcome=words.outcome, strength=words.strength)


blueprint.post("/contacts")(other_contact.contacts)
blueprint.post("/contact")(other_contact.choose_contact)
blueprint.post("/search")(search.search)
blueprint.post("/record")(search.choose_record)


@blueprint.post("/renew")
@pod_visit()
def renew(visit: Visit) -> Any:
    """Keep the session of a page that is being used; answers with a fresh token."""
    hand_out(visit.pod, visit.at)
    return "", 204
