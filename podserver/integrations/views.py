"""Set-up of PSA integrations. Each view says in its decorator who may call it.

No database transaction is open while the PSA is asked.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for

from connectors.base import PsaError
from podserver.accounts.models import Role
from podserver.configuration import Settings
from podserver.database import now, release, writing
from podserver.integrations import installing, real_address, refusals, service
from podserver.integrations.connections import Connections
from podserver.integrations.fields import clean, completed, live_choices, values_of
from podserver.integrations.forms import InstallForm, PsaForm, RealAddressForm, SwitchForm, lists_form, psa_form
from podserver.integrations.installing import InstalledRow
from podserver.integrations.models import Integration
from podserver.integrations.psas import KINDS, BadInput, PsaKind, kind_of
from podserver.integrations.service import Validation
from podserver.portal.session import PortalVisit, portal_page

blueprint = Blueprint("integrations", __name__, url_prefix="/integrations")

_ONE = "/<int(max=2147483647):integration_id>"


def _connections() -> Connections:
    connections: Connections = current_app.extensions["connections"]
    return connections


def _base_url() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url


def _find(visit: PortalVisit, integration_id: int) -> Integration:
    try:
        return service.integration(visit.session, integration_id)
    except LookupError:
        abort(404, "There is no such integration.")


@blueprint.get("")
@portal_page(Role.ADMIN)
def integrations(visit: PortalVisit) -> Any:
    """The tenant's connections, and the PSAs that can be added."""
    every = service.integrations(visit.session)
    return render_template("portal/integrations.html", visit=visit, integrations=every, kinds=KINDS)


@blueprint.route("/<psa>/new", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def add(visit: PortalVisit, psa: str) -> Any:
    """Add a PSA; it is saved when the PSA has confirmed the keys."""
    try:
        kind = kind_of(psa)
    except LookupError:
        abort(404, "podserver knows no such PSA.")
    form = psa_form(kind, None)
    if form.validate_on_submit():
        saved, validation = _validate(visit, kind, form, None)
        if saved is not None:
            return _page(visit, saved, psa_form(kind, saved, filled=False), validation=validation)
    return render_template("portal/integration_new.html", visit=visit, form=form, kind=kind)


@blueprint.route(_ONE, methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def integration(visit: PortalVisit, integration_id: int) -> Any:
    """One connection: its keys, its rights, and the pod. A POST validates, and saves what the PSA confirmed."""
    stored = _find(visit, integration_id)
    kind = kind_of(stored.psa)
    form = psa_form(kind, stored)
    validation = None
    if form.validate_on_submit():
        saved, validation = _validate(visit, kind, form, stored)
        if saved is not None:
            form = psa_form(kind, saved, filled=False)
    return _page(visit, stored, form, validation=validation)


@blueprint.get(f"{_ONE}/lists")
@portal_page(Role.ADMIN)
def lists(visit: PortalVisit, integration_id: int) -> Any:
    """The fields that the PSA itself fills, asked for by the page once it stands."""
    stored = _find(visit, integration_id)
    kind = kind_of(stored.psa)
    visit.session.expunge(stored)
    release(visit.session)
    try:
        with refusals.noticed(visit.session, stored, visit.at):
            choices = live_choices(kind, _connections().to(stored))
    except PsaError as error:
        return render_template("portal/problem.html", problem=str(error))
    return render_template("portal/integration_lists.html", form=lists_form(kind, stored, choices), kind=kind)


def _validate(
    visit: PortalVisit, kind: PsaKind, form: PsaForm, stored: Integration | None
) -> tuple[Integration | None, Validation | None]:
    """Ask the PSA, and save if it confirms; what it or a rule refuses is shown in the form."""
    try:
        values = clean(kind, form.typed(kind), stored)
        before = values_of(stored) if stored is not None else {}
        release(visit.session)
        connector = _connections().make(kind, values)
        validation = service.validate(connector)
        if validation.member is not None:
            values = completed(kind, values, connector)
            origins = kind.frame.origins(values, connector) if kind.frame else ()
    except (BadInput, PsaError) as error:
        form.blame(error)
        return None, None
    if validation.member is None:
        form.form_errors.append(validation.problem)
        if stored is not None and values == before:
            with writing(visit.session) as session:
                service.note_check(session, stored, validation, now())
        return None, validation
    try:
        with writing(visit.session) as session:
            if stored is None:
                service.refuse_double(session, kind, values)
            saved = service.save(
                session, kind, values, name=form.name.data or "", origins=origins, stored=stored,
                validation=validation, actor=visit.user.name, at=now(),
            )  # fmt: skip
    except BadInput as error:
        form.blame(error)
        return None, validation
    _connections().forgive(saved)
    return saved, validation


def _page(
    visit: PortalVisit,
    stored: Integration,
    form: PsaForm,
    *,
    validation: Validation | None = None,
    rows: list[InstalledRow] | None = None,
    problem: str = "",
    install_form: InstallForm | None = None,
    address_form: RealAddressForm | None = None,
    learned: str = "",
) -> str:
    kind = kind_of(stored.psa)
    url = service.pod_url(stored, _base_url())
    heights = kind.frame.heights if kind.frame else ()
    install_form = install_form or InstallForm(formdata=None)
    install_form.offer(heights)
    height = heights[0] if heights else 0
    values = values_of(stored)
    address_form = address_form or RealAddressForm(formdata=None)
    address_form.secret.stored = bool(kind.frame and values.get(kind.frame.signed_with))
    return render_template(
        "portal/integration.html",
        visit=visit,
        integration=stored,
        kind=kind,
        form=form,
        install_form=install_form,
        switch_form=SwitchForm(formdata=None),
        validation=validation,
        pod_url=url,
        base_url=_base_url(),
        installs=kind.frame is not None and kind.frame.setups is not None,
        steps=kind.frame.steps(url, _base_url(), height) if kind.frame else (),
        rows=rows,
        problem=problem,
        notices=kind.frame.notices(values) if kind.frame else (),
        address_form=address_form,
        learned=learned,
    )


@blueprint.get(f"{_ONE}/loaded")
@portal_page(Role.ADMIN, counts_as_use=False)
def loaded(visit: PortalVisit, integration_id: int) -> Any:
    """The line that says when the pod was last loaded, and from where; the page asks for it again and again."""
    stored = _find(visit, integration_id)
    return render_template("portal/loaded.html", visit=visit, integration=stored, kind=kind_of(stored.psa))


@blueprint.post(f"{_ONE}/install")
@portal_page(Role.ADMIN)
def install(visit: PortalVisit, integration_id: int) -> Any:
    """Find or create the pod's rows in the PSA's own set-up table."""
    stored = _find(visit, integration_id)
    kind = kind_of(stored.psa)
    form = InstallForm()
    form.offer(kind.frame.heights if kind.frame else ())
    rows: list[InstalledRow] = []
    problem = ""
    if not form.validate_on_submit():
        return _page(visit, stored, psa_form(kind, stored, filled=False), install_form=form)
    try:
        setups = installing.pod_setups(stored, _base_url(), int(form.height.data or 0) if form.height else 0)
        installing.install(visit.session, _connections(), stored, setups, actor=visit.user.name, rows=rows)
    except (BadInput, PsaError) as error:
        problem = str(error)
    return _page(visit, stored, psa_form(kind, stored, filled=False), rows=rows, problem=problem, install_form=form)


@blueprint.post(f"{_ONE}/address")
@portal_page(Role.ADMIN)
def learn_address(visit: PortalVisit, integration_id: int) -> Any:
    """Find out from an address that the PSA has made what it signs, and check it from now on. It is not kept."""
    stored = _find(visit, integration_id)
    kind, form, learned = kind_of(stored.psa), RealAddressForm(), ""
    if kind.frame is None or kind.frame.learn is None:
        abort(404, f"{kind.title} needs nothing of this.")
    if form.validate_on_submit():
        try:
            found = real_address.learn(stored, _base_url(), form.address.data or "", form.secret.data or "")
            with writing(visit.session) as session:
                real_address.keep(session, stored, found, actor=visit.user.name, at=visit.at)
            learned = found.words
        except BadInput as error:
            form.blame(error)
        # Whoever looks over a shoulder, or at the page's source, could use it again.
        form.address.data = ""
    return _page(visit, stored, psa_form(kind, stored, filled=False), address_form=form, learned=learned)


@blueprint.post(f"{_ONE}/switch")
@portal_page(Role.ADMIN)
def switch(visit: PortalVisit, integration_id: int) -> Any:
    """Switch a connection off or on; its pods are out at once."""
    stored = _find(visit, integration_id)
    active = request.form.get("active") == "1"
    if SwitchForm().validate_on_submit():
        with writing(visit.session) as session:
            service.set_active(session, stored, active, actor=visit.user.name, at=visit.at)
        flash(f"{stored.name} is switched {'on' if active else 'off'}.")
    return redirect(url_for("integrations.integration", integration_id=integration_id))
