"""Policies as a file, and copies to several clients: what would change is shown first, and applied when confirmed.

Nothing is kept between the two steps: the page carries what it showed, and it is checked anew when it comes back.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from typing import Any, Final

from flask import Response, abort, flash, redirect, render_template, request, url_for

from podserver.accounts.models import Role
from podserver.database import release, writing
from podserver.integrations import service as integrations
from podserver.policies import file, plan, reading, service
from podserver.policies.forms import ConfirmForm, UploadForm
from podserver.policies.policy import as_settings
from podserver.policies.reading import BadFile, Problem
from podserver.policies.service import EVERYBODY, Client, Overtaken, RiskNotAccepted
from podserver.policies.views import blueprint
from podserver.portal.session import PortalVisit, portal_page
from podserver.security import sealing

_MOST_PACKED: Final = 100_000
_MOST_TICKED: Final = 200


@blueprint.get("/export")
@portal_page(Role.ADMIN, Role.AUDITOR)
def export_file(visit: PortalVisit) -> Response:
    """The default and every client's policy as a file."""
    text = file.write(
        msp=visit.tenant.name,
        default=service.stored(visit.session, EVERYBODY),
        clients=service.clients(visit.session),
        integrations=integrations.integrations(visit.session),
        at=visit.at,
    )
    name = f"podserver-policies-{visit.at:%Y-%m-%d}.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="application/yaml", headers=headers)


@blueprint.route("/import", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def import_file(visit: PortalVisit) -> Any:
    """Take a file, and show what would change; nothing is changed here."""
    form = UploadForm()
    problems: Sequence[Problem] = ()
    if form.validate_on_submit():
        if not form.file.data:
            form.file.errors = ["Choose a file."]
        else:
            # One more than is taken, so that a larger one is known to be larger.
            data = form.file.data.read(reading.LARGEST + 1)
            try:
                return _preview(visit, data, "")
            except BadFile as error:
                problems = error.problems
    return render_template("policies/import.html", visit=visit, form=form, problems=problems)


@blueprint.post("/apply")
@portal_page(Role.ADMIN)
def apply(visit: PortalVisit) -> Any:
    """Apply what was shown, all of it or nothing."""
    confirmed = ConfirmForm()
    if not confirmed.validate_on_submit():
        abort(400, "This form was not made by podserver.")
    data = _unpacked(confirmed.packed.data or "")
    try:
        wanted = reading.read(data, integrations.integrations(visit.session))
    except BadFile as error:
        form = UploadForm(formdata=None)
        return render_template("policies/import.html", visit=visit, form=form, problems=error.problems)
    release(visit.session)
    try:
        with writing(visit.session) as session:
            done = plan.apply(
                session,
                wanted,
                state=confirmed.state.data or "",
                accepts=bool(confirmed.accepts.data),
                actor=visit.user.name,
                at=visit.at,
            )
    except Overtaken:
        return _preview(visit, data, "Policies were changed meanwhile. This is what would change now.")
    except RiskNotAccepted:
        return _preview(visit, data, "Nothing was changed yet: there is a risk to accept first, below.")
    count = len(done.changes)
    flash(f"{count} {'policy is' if count == 1 else 'policies are'} changed. Each change is in the history.")
    return redirect(url_for("policies.policies"))


@blueprint.post("/copy")
@portal_page(Role.ADMIN)
def copy(visit: PortalVisit) -> Any:
    """Show what copying one policy to the ticked clients would change; nothing is changed here."""
    ticked = [_ticked(visit, each) for each in request.form.getlist("to")[:_MOST_TICKED]]
    to = [each for each in ticked if each is not None]
    source = request.form.get("source", "")
    settings = None
    if source == EVERYBODY.key:
        settings = as_settings(service.stored(visit.session, EVERYBODY).policy)
    for row in service.clients(visit.session):
        if service.client_of(row).key == source:
            settings = service.own_settings(row)
    if settings is None or not to:
        flash("Choose a policy and tick at least one client to copy it to.")
        return redirect(url_for("policies.policies", q=request.form.get("q", "")[:80]))
    others = [each for each in to if each.key != source]
    return _preview(visit, file.write_wanted(others, settings, integrations.integrations(visit.session)).encode(), "")


def _ticked(visit: PortalVisit, value: str) -> Client | None:
    """The client of a tick, ``3:250:proof:name``; None where its name is not what the PSA told or what is stored."""
    parts = value.split(":", 3)
    if len(parts) != 4 or not parts[0].isascii() or not parts[0].isdigit() or len(parts[0]) > 9:
        return None
    number, company, proof, name = parts
    told = Client(int(number), company, name)
    if not proof.isascii() or not sealing.same(proof, service.name_proof(visit.tenant, told)):
        return None
    return told


def _preview(visit: PortalVisit, data: bytes, problem: str) -> Any:
    """The page that shows what a file would change. Raises BadFile."""
    wanted = reading.read(data, integrations.integrations(visit.session))
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    if len(packed) > _MOST_PACKED:
        raise BadFile([Problem(0, 0, "This is more than a page carries. Use `podserver policy import` on the shell.")])
    release(visit.session)
    planned = plan.plan(visit.session, wanted)
    form = ConfirmForm(formdata=None, packed=packed, state=planned.state)
    return render_template("policies/preview.html", visit=visit, form=form, plan=planned, problem=problem)


def _unpacked(packed: str) -> bytes:
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.b64decode(packed, validate=True), reading.LARGEST + 1)
    except (zlib.error, binascii.Error, ValueError):
        abort(400, "This form was not made by podserver.")
    return data
