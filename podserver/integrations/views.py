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
from podserver.integrations import service
from podserver.integrations.forms import ConnectWiseForm, InstallForm, SwitchForm
from podserver.integrations.models import Integration
from podserver.integrations.service import BadInput, Connections, ConnectWiseKeys, InstalledRow, Validation
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
    """The tenant's connections."""
    every = service.integrations(visit.session)
    return render_template("portal/integrations.html", visit=visit, integrations=every)


@blueprint.route("/connectwise/new", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def add_connectwise(visit: PortalVisit) -> Any:
    """Add a ConnectWise; it is saved when ConnectWise has confirmed the keys."""
    form = ConnectWiseForm()
    if form.validate_on_submit():
        saved, validation = _validate(visit, form, None)
        if saved is not None:
            return _page(visit, saved, ConnectWiseForm(formdata=None, obj=saved), validation=validation)
    return render_template("portal/integration_new.html", visit=visit, form=form)


@blueprint.route(_ONE, methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def integration(visit: PortalVisit, integration_id: int) -> Any:
    """One connection: its keys, its rights, and the pod. A POST validates, and saves what ConnectWise confirmed."""
    stored = _find(visit, integration_id)
    form = ConnectWiseForm(obj=stored)
    validation = None
    if form.validate_on_submit():
        saved, validation = _validate(visit, form, stored)
        if saved is not None:
            form = ConnectWiseForm(formdata=None, obj=saved)
    return _page(visit, stored, form, validation=validation)


def _validate(
    visit: PortalVisit, form: ConnectWiseForm, stored: Integration | None
) -> tuple[Integration | None, Validation | None]:
    """Ask ConnectWise, and save if it confirms; what it or a rule refuses is shown in the form."""
    typed = ConnectWiseKeys(
        form.site.data, form.company.data, form.public_key.data or "", form.private_key.data or "", form.client_id.data
    )
    try:
        keys = service.clean_keys(typed, stored)
        release(visit.session)
        validation = service.validate(_connections().make(keys))
    except (BadInput, PsaError) as error:
        form.blame(error)
        return None, None
    if validation.member is None:
        form.form_errors.append(validation.problem)
        if stored is not None and keys == service.keys_of(stored):
            with writing(visit.session) as session:
                service.note_check(session, stored, validation, now())
        return None, validation
    try:
        with writing(visit.session) as session:
            if stored is None:
                service.refuse_double(session, keys)
            saved = service.save(
                session, keys, name=form.name.data or "", stored=stored, validation=validation,
                actor=visit.user.name, at=now(),
            )  # fmt: skip
    except BadInput as error:
        form.blame(error)
        return None, validation
    return saved, validation


def _page(
    visit: PortalVisit,
    stored: Integration,
    form: ConnectWiseForm,
    *,
    validation: Validation | None = None,
    rows: list[InstalledRow] | None = None,
    problem: str = "",
    install_form: InstallForm | None = None,
) -> str:
    for secret in (form.public_key, form.private_key):
        secret.stored = True
    return render_template(
        "portal/integration.html",
        visit=visit,
        integration=stored,
        form=form,
        install_form=install_form or InstallForm(formdata=None),
        switch_form=SwitchForm(formdata=None),
        validation=validation,
        pod_url=service.pod_url(stored, _base_url()),
        setups=service.pod_setups(stored, _base_url(), service.POD_HEIGHTS[0]),
        heights=service.POD_HEIGHTS,
        rows=rows,
        problem=problem,
    )


@blueprint.get(f"{_ONE}/loaded")
@portal_page(Role.ADMIN, counts_as_use=False)
def loaded(visit: PortalVisit, integration_id: int) -> Any:
    """The line that says when the pod was last loaded, and from where; the page asks for it again and again."""
    return render_template("portal/loaded.html", visit=visit, integration=_find(visit, integration_id))


@blueprint.post(f"{_ONE}/install")
@portal_page(Role.ADMIN)
def install(visit: PortalVisit, integration_id: int) -> Any:
    """Find or create the pod's rows in ConnectWise's own set-up table."""
    stored = _find(visit, integration_id)
    form = InstallForm()
    rows: list[InstalledRow] = []
    problem = ""
    if not form.validate_on_submit():
        return _page(visit, stored, ConnectWiseForm(formdata=None, obj=stored), install_form=form)
    try:
        with writing(visit.session) as session:
            service.claim_install(session, stored, visit.at)
    except BadInput as error:
        return _page(visit, stored, ConnectWiseForm(formdata=None, obj=stored), problem=str(error), install_form=form)
    try:
        rows = service.install(_connections(), stored, service.pod_setups(stored, _base_url(), int(form.height.data)))
    except PsaError as error:
        problem = str(error)
    finally:
        with writing(visit.session) as session:
            service.end_install(session, stored, rows, actor=visit.user.name, at=now())
    return _page(
        visit, stored, ConnectWiseForm(formdata=None, obj=stored), rows=rows, problem=problem, install_form=form
    )


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
