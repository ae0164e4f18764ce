"""The policies' pages: the list, a policy, and what the pod would show. Each view says who may call it.

Whole files and copies to several clients are in ``transfer.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for

from connectors.base import Connector, PsaError, TicketSearch
from podserver.accounts.models import Role
from podserver.database import release, writing
from podserver.integrations import refusals
from podserver.integrations import service as integrations
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.pod.service import BadRecord, record_key
from podserver.policies import service
from podserver.policies.cautions import cautions
from podserver.policies.explain import Explanation, explain
from podserver.policies.finding import find
from podserver.policies.forms import Draft, ExplainForm, draft_of, read_draft
from podserver.policies.policy import ALWAYS_TOLD, OUTCOMES, RANGES, SETTINGS, BadPolicy, as_settings
from podserver.policies.service import EVERYBODY, Client, Overtaken, RiskNotAccepted, Stored
from podserver.policies.ways import ways
from podserver.policies.wording import CHOICES, GROUPS, WORDINGS, in_words
from podserver.portal.forms import PortalForm
from podserver.portal.session import PortalVisit, portal_page
from podserver.security import sealing
from podserver.verification.methods import METHODS

blueprint = Blueprint("policies", __name__, url_prefix="/policies")

_READERS = (Role.ADMIN, Role.TECHNICIAN, Role.AUDITOR)
_CLIENT = "/<int(max=2147483647):integration_id>/<company>"


def connections() -> Connections:
    """The application's connectors."""
    found: Connections = current_app.extensions["connections"]
    return found


@blueprint.get("")
@portal_page(*_READERS)
def policies(visit: PortalVisit) -> Any:
    """The default, and the clients: those with a policy of their own, and those that the PSA finds."""
    text = "".join(c for c in request.args.get("q", "") if c.isprintable()).strip()[:80]
    default = service.stored(visit.session, EVERYBODY)
    found = find(visit.session, connections(), text, visit.at)
    every = {each.id: each.name for each in integrations.integrations(visit.session)}
    return render_template(
        "policies/list.html",
        visit=visit,
        text=text,
        default=default,
        default_cautions=cautions(default.policy, service.ready_for(visit.session, visit.tenant, EVERYBODY)),
        found=found,
        integrations=every,
        sources=service.clients(visit.session),
        address=lambda client: address_of(visit, client),
        proof=lambda client: service.name_proof(visit.tenant, client),
    )


def address_of(visit: PortalVisit, client: Client, **more: Any) -> str:
    """Where a client's policy is. The link carries the name that the PSA told and its proof, as it may be needed."""
    if client.is_default:
        return url_for("policies.default", **more)
    told: dict[str, Any] = {"name": client.company_name, "told": service.name_proof(visit.tenant, client)}
    return url_for("policies.client", integration_id=client.integration_id, company=client.company, **told, **more)


@blueprint.get("/default")
@portal_page(*_READERS)
def default(visit: PortalVisit) -> Any:
    """The policy that counts where a client says nothing else."""
    return _show(visit, EVERYBODY)


@blueprint.post("/default")
@portal_page(Role.ADMIN)
def change_default(visit: PortalVisit) -> Any:
    """Change the default, or move a method in its form."""
    return _change(visit, EVERYBODY)


@blueprint.get(_CLIENT)
@portal_page(*_READERS)
def client(visit: PortalVisit, integration_id: int, company: str) -> Any:
    """What one client changes of the default."""
    return _show(visit, _find(visit, integration_id, company))


@blueprint.post(_CLIENT)
@portal_page(Role.ADMIN)
def change_client(visit: PortalVisit, integration_id: int, company: str) -> Any:
    """Change what one client sets, or move a method in its form."""
    return _change(visit, _find(visit, integration_id, company))


def _find(visit: PortalVisit, integration_id: int, company: str) -> Client:
    """The client of an address: one that has a policy, or one whose name the PSA told us. Else there is none."""
    try:
        integrations.integration(visit.session, integration_id)
    except LookupError:
        abort(404, "There is no such client. Look for it under Policies.")
    row = service.row_of(visit.session, Client(integration_id, company))
    if row is not None:
        return service.client_of(row)
    told = Client(integration_id, company, request.args.get("name", "")[:160])
    proof = request.args.get("told", "")
    if len(company) > 40 or not proof.isascii() or not sealing.same(proof, service.name_proof(visit.tenant, told)):
        abort(404, "There is no such client. Look for it under Policies.")
    return told


def _show(visit: PortalVisit, whose: Client) -> Any:
    stored = service.stored(visit.session, whose)
    copied = _copied(visit, whose, request.args.get("copy", "")) if visit.is_admin else None
    own = copied[1] if copied else _own(stored)
    draft = draft_of(own, as_settings(stored.default), is_default=whose.is_default)
    return _page(visit, stored, draft, copied=copied[0] if copied else "")


def _copied(visit: PortalVisit, whose: Client, key: str) -> tuple[str, Mapping[str, Any]] | None:
    """The name and the settings of the policy that is to be copied into the form; None where there is none."""
    if key == "none" and not whose.is_default:
        return "the default for everything", {}
    if key == EVERYBODY.key and not whose.is_default:
        return "the default", as_settings(service.stored(visit.session, EVERYBODY).policy)
    for row in service.clients(visit.session):
        source = service.client_of(row)
        if source.key == key and key != whose.key:
            return source.company_name, service.own_settings(row)
    return None


def _own(stored: Stored) -> Mapping[str, Any]:
    return as_settings(stored.policy) if stored.client.is_default else stored.own or {}


def _change(visit: PortalVisit, whose: Client) -> Any:
    stored = service.stored(visit.session, whose)
    draft = read_draft(request.form, as_settings(stored.default), is_default=whose.is_default)
    seen, accepts = request.form.get("seen", "")[:60], request.form.get("accepts") == "y"
    if draft.moved or "look" in request.form:
        return _page(visit, stored, draft, seen=seen)
    release(visit.session)
    try:
        with writing(visit.session) as session:
            row = service.change(
                session, whose, draft.settings, seen=seen, accepts=accepts, actor=visit.user.name, at=visit.at
            )
    except Overtaken:
        return _page(visit, service.stored(visit.session, whose), draft, overtaken=True), 409
    except RiskNotAccepted:
        return _page(visit, stored, draft, unaccepted=True)
    except BadPolicy:
        return _page(visit, stored, draft)
    name = "The default" if whose.is_default else whose.company_name
    if row is None:
        flash(f"{name} has no settings of its own and follows the default.")
        return redirect(url_for("policies.policies"))
    flash(f"{name} is saved. The change is in the history.")
    return redirect(address_of(visit, whose))


def _page(
    visit: PortalVisit,
    stored: Stored,
    draft: Draft,
    *,
    seen: str = "",
    copied: str = "",
    overtaken: bool = False,
    unaccepted: bool = False,
) -> str:
    whose = stored.client
    behind = as_settings(stored.default)
    policy = draft.policy({} if whose.is_default else behind)
    ready = service.ready_for(visit.session, visit.tenant, whose)
    methods = [each for each in draft.values["methods"] if each in METHODS]
    moved, _, how = draft.moved.partition(":")
    return render_template(
        "policies/policy.html" if visit.is_admin else "policies/policy_read.html",
        visit=visit,
        form=PortalForm(),
        stored=stored,
        client=whose,
        draft=draft,
        seen=seen or stored.revision,
        behind=behind,
        policy=policy,
        cautions=cautions(policy, ready),
        risk=service.risk_to_accept(stored, {n: draft.values[n] for n in draft.own - draft.wrong.keys()}),
        unaccepted=unaccepted,
        ways=ways(methods, policy, ready),
        other_ways=ways([name for name in METHODS if name not in methods], policy, ready),
        moved=(moved, how),
        proof="" if whose.is_default else service.name_proof(visit.tenant, whose),
        copied=copied,
        changed=bool(draft.moved or copied or overtaken or draft.wrong or unaccepted),
        theirs=_differences(stored, draft) if overtaken else None,
        sources=[service.client_of(row) for row in service.clients(visit.session)],
        address=lambda which, **more: address_of(visit, which, **more),
        groups=GROUPS,
        wordings=WORDINGS,
        choices=CHOICES,
        ranges=RANGES,
        outcomes=[each for each in OUTCOMES if each not in ALWAYS_TOLD],
        in_words=in_words,
    )


def _differences(stored: Stored, draft: Draft) -> list[tuple[str, str, str]]:
    """Where what somebody else has stored meanwhile is not what this form says: title, theirs, yours."""
    theirs = _own(stored)
    yours = {name: draft.values[name] for name in draft.own}
    return [
        (WORDINGS[name].title, _said(name, theirs), _said(name, yours))
        for name in SETTINGS
        if theirs.get(name) != yours.get(name)
    ]


def _said(name: str, settings: Mapping[str, Any]) -> str:
    return in_words(name, settings[name]) if name in settings else service.AS_THE_DEFAULT


@blueprint.route("/explain", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def explain_pod(visit: PortalVisit) -> Any:
    """What the pod would show for a ticket, and why. A POST, because it may ask the PSA and keep the answer."""
    active = [each for each in integrations.integrations(visit.session) if each.active]
    form = ExplainForm()
    form.integration.choices = [(each.id, each.name) for each in active]
    explained = None
    if form.validate_on_submit():
        chosen = next(each for each in active if each.id == form.integration.data)
        explained = _explain(visit, form, chosen)
    return render_template(
        "policies/explain.html",
        visit=visit,
        form=form,
        explained=explained,
        address=lambda which: address_of(visit, which),
    )


def _explain(visit: PortalVisit, form: ExplainForm, integration: Integration) -> Explanation | None:
    number, contact = (form.ticket.data or "").lstrip("#"), form.contact.data or ""
    if not number and not contact:
        form.form_errors.append("Enter a ticket's number, or a contact's.")
        return None
    release(visit.session)
    psa = connections().to(integration)
    try:
        with refusals.noticed(visit.session, integration, visit.at):
            ticket = _ticket_of_number(psa, number) if number else ""
            record = record_key("ticket", ticket) if number else record_key("contact", contact)
            return explain(
                visit.session,
                psa,
                tenant=visit.tenant,
                integration_id=integration.id,
                record=record,
                contact=contact if ticket else "",
                at=visit.at,
                anew=bool(form.anew.data),
            )
    except BadRecord:
        missing = f"ticket #{number}" if number else f"contact {contact}"
        form.form_errors.append(f"{integration.name} has no {missing}.")
        return None
    except PsaError as error:
        form.form_errors.append(str(error))
        return None


def _ticket_of_number(psa: Connector, number: str) -> str:
    """The PSA's id of the ticket that people call by this number; what was typed where it finds none, as it may be
    the id itself. Raises PsaError where the PSA does not answer, unless it can be the id: that may be kept."""
    try:
        found = psa.search_tickets(TicketSearch(number=number, limit=1))
    except PsaError:
        if number.isdigit():
            return number
        raise
    return found[0].ref if found else number
