"""The pages of ticketing profiles. Each view says in its decorator who may call it.

No database transaction is open while the PSA is asked. A profile's form comes back to its own address: to be looked at
with the PSA's lists as they are now (``look``), of which a script takes only the piece that it replaces, or to be
saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for

from connectors.base import Capability, Connector, PsaError
from podserver.accounts.models import Role
from podserver.database import now, release, writing
from podserver.integrations import refusals
from podserver.integrations import service as integrations
from podserver.integrations.connections import Connections
from podserver.integrations.models import Integration
from podserver.integrations.psas import kind_of
from podserver.portal.forms import PortalForm
from podserver.portal.session import PortalVisit, portal_page
from podserver.ticketing import lists as live
from podserver.ticketing import service, words
from podserver.ticketing.forms import LOOKS, Draft, read_draft, shown
from podserver.ticketing.lists import Lists
from podserver.ticketing.models import TicketingProfile
from podserver.ticketing.parts import Picks, parts_of
from podserver.ticketing.service import BadProfile, Overtaken

blueprint = Blueprint("ticketing", __name__, url_prefix="/ticketing")

_READERS = (Role.ADMIN, Role.AUDITOR)
_ID = "int(max=2147483647)"


@blueprint.get("")
@portal_page(*_READERS)
def profiles(visit: PortalVisit) -> Any:
    """The profiles of each integration. No PSA is asked."""
    every = service.profiles(visit.session)
    connected = [
        (each, kind_of(each.psa).title, [(p, service.picks_of(p)) for p in every if p.integration_id == each.id])
        for each in integrations.integrations(visit.session)
    ]
    return render_template("ticketing/list.html", visit=visit, connected=connected, words=words)


@blueprint.get(f"/new/<{_ID}:integration_id>")
@portal_page(Role.ADMIN)
def new(visit: PortalVisit, integration_id: int) -> Any:
    """An empty form, or, with ``copy``, one that holds another profile of the integration; nothing is saved."""
    integration = _integration(visit, integration_id)
    source = _source(visit, integration)
    draft = Draft(f"Copy of {source.name}"[:80], service.picks_of(source)) if source is not None else Draft("", {})
    return _page(visit, integration, None, draft, copied=source.name if source is not None else "")


@blueprint.post(f"/new/<{_ID}:integration_id>")
@portal_page(Role.ADMIN)
def add(visit: PortalVisit, integration_id: int) -> Any:
    """Save a new profile, or look at the PSA's lists in its form."""
    return _change(visit, _integration(visit, integration_id), None)


@blueprint.get(f"/<{_ID}:profile_id>")
@portal_page(*_READERS)
def profile(visit: PortalVisit, profile_id: int) -> Any:
    """One profile. An auditor sees what is stored."""
    row = _profile(visit, profile_id)
    integration = integrations.integration(visit.session, row.integration_id)
    return _page(visit, integration, row, Draft(row.name, service.picks_of(row)))


@blueprint.post(f"/<{_ID}:profile_id>")
@portal_page(Role.ADMIN)
def change(visit: PortalVisit, profile_id: int) -> Any:
    """Save a profile, or look at the PSA's lists in its form."""
    row = _profile(visit, profile_id)
    return _change(visit, integrations.integration(visit.session, row.integration_id), row)


@blueprint.post(f"/<{_ID}:profile_id>/default")
@portal_page(Role.ADMIN)
def make_default(visit: PortalVisit, profile_id: int) -> Any:
    """Make a profile the default of its integration."""
    row = _profile(visit, profile_id)
    try:
        with writing(visit.session) as session:
            service.make_default(session, row, actor=visit.user.name, at=visit.at)
    except Overtaken as error:
        flash(str(error))
    else:
        flash(f"{row.name} is the default now.")
    return redirect(url_for("ticketing.profiles"))


@blueprint.post(f"/<{_ID}:profile_id>/delete")
@portal_page(Role.ADMIN)
def delete(visit: PortalVisit, profile_id: int) -> Any:
    """Delete a profile."""
    row = _profile(visit, profile_id)
    name = row.name
    try:
        with writing(visit.session) as session:
            service.delete(session, row, actor=visit.user.name, at=visit.at)
    except BadProfile as error:
        flash(str(error))
        return redirect(url_for("ticketing.profile", profile_id=profile_id))
    flash(f"{name} is deleted.")
    return redirect(url_for("ticketing.profiles"))


def _source(visit: PortalVisit, integration: Integration) -> TicketingProfile | None:
    """The profile that the address names to be copied."""
    wanted = request.args.get("copy", "")
    every = service.profiles(visit.session) if wanted else ()
    return next((p for p in every if p.integration_id == integration.id and str(p.id) == wanted), None)


def _integration(visit: PortalVisit, integration_id: int) -> Integration:
    try:
        return integrations.integration(visit.session, integration_id)
    except LookupError:
        abort(404, "There is no such integration.")


def _profile(visit: PortalVisit, profile_id: int) -> TicketingProfile:
    try:
        return service.profile(visit.session, profile_id)
    except LookupError:
        abort(404, "There is no such ticketing profile.")


def _connector(integration: Integration) -> Connector:
    connections: Connections = current_app.extensions["connections"]
    return connections.to(integration)


def _change(visit: PortalVisit, integration: Integration, row: TicketingProfile | None) -> Any:
    draft = read_draft(request.form)
    look = request.form.get("look", "")
    # Enter in the field that looks for a company is meant for that field.
    if not look and "entered" in request.form and draft.search and draft.search != draft.searched:
        look = "company"
    source = row or _source(visit, integration)
    stored = service.picks_of(source) if source is not None else None
    visit.session.expunge(integration)
    release(visit.session)
    piece = look in LOOKS and bool(request.headers.get("HX-Request"))
    try:
        lists = live.read(
            _connector(integration),
            draft.picks,
            wanted=LOOKS[look] if piece else live.EVERY,
            search=draft.search,
            stored=stored,
            settle=look in LOOKS,
        )
    except PsaError as error:
        lists = Lists(parts_of(frozenset(Capability)), {}, draft.picks, problems=(str(error),))
    if lists.refused:
        refusals.note(visit.session, integration, lists.refused, visit.at)
    if look in LOOKS:
        return _page(visit, integration, row, draft, lists, piece=look if piece else "", moved=True)
    return _save(visit, integration, row, draft, lists)


def _save(
    visit: PortalVisit, integration: Integration, row: TicketingProfile | None, draft: Draft, lists: Lists
) -> Any:
    title = kind_of(integration.psa).title
    if not lists.complete:
        return _page(visit, integration, row, draft, lists, unsaved=True)
    wrong = service.judge(draft.picks, lists, integration.psa, title)
    if wrong:
        return _page(visit, integration, row, draft, lists, wrong=wrong)
    seen = request.form.get("seen", "0")
    try:
        with writing(visit.session) as session:
            saved = service.save(
                session,
                integration,
                name=draft.name,
                lists=lists,
                stored_id=row.id if row is not None else None,
                seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0,
                actor=visit.user.name,
                at=now(),
            )
    except BadProfile as error:
        return _page(visit, integration, row, draft, lists, wrong={error.field: str(error)})
    except Overtaken as error:
        theirs = next((p for p in service.profiles(visit.session) if row is not None and p.id == row.id), None)
        return _page(visit, integration, theirs, draft, lists, overtaken=str(error)), 409
    flash(f"{saved.name} is saved: {title} knows everything in it.")
    return redirect(url_for("ticketing.profiles"))


def _page(
    visit: PortalVisit,
    integration: Integration,
    row: TicketingProfile | None,
    draft: Draft,
    lists: Lists | None = None,
    *,
    wrong: Mapping[str, str] | None = None,
    piece: str = "",
    copied: str = "",
    overtaken: str = "",
    moved: bool = False,
    unsaved: bool = False,
) -> str:
    title = kind_of(integration.psa).title
    problems: Sequence[str] = lists.problems if lists is not None else ()
    if lists is not None:
        parts, picks = lists.parts, {**draft.picks, **lists.picks}
    else:
        try:
            parts = parts_of(_connector(integration).capabilities)
        except PsaError as error:
            parts, problems = parts_of(frozenset(Capability)), (str(error),)
        picks = dict(draft.picks)
    choices = shown(integration.psa, title, parts, picks, lists, wrong or {})
    template = "ticketing/piece.html" if piece else "ticketing/profile.html"
    if not visit.is_admin:
        template = "ticketing/profile_read.html"
    return render_template(
        template,
        visit=visit,
        form=PortalForm(),
        integration=integration,
        address=_address(integration, row),
        title=title,
        profile=row,
        alone=row is not None and _alone(visit, row),
        draft=draft,
        picks=picks,
        choices=choices,
        asked=lists is not None,
        found=_found(lists, picks, draft),
        problems=problems,
        piece=piece,
        wrong=wrong or {},
        copied=copied,
        overtaken=overtaken,
        moved=moved,
        unsaved=unsaved,
        words=words,
    )


def _address(integration: Integration, row: TicketingProfile | None) -> str:
    if row is not None:
        return url_for("ticketing.profile", profile_id=row.id)
    return url_for("ticketing.new", integration_id=integration.id, copy=request.args.get("copy"))


def _alone(visit: PortalVisit, row: TicketingProfile) -> bool:
    return not any(p.id != row.id for p in service.profiles(visit.session) if p.integration_id == row.integration_id)


def _found(lists: Lists | None, picks: Picks, draft: Draft) -> tuple[int, int] | None:
    """How many companies a search found, and how many of them are not listed; None where nobody searched."""
    if lists is None or not draft.search or "company" not in lists.entries:
        return None
    text = draft.search.casefold()
    named = [entry for entry in lists.entries["company"] if text in entry.name.casefold()]
    return len(named) + lists.more, lists.more
