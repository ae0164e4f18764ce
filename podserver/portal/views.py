"""The overview: the figures that matter, who is locked, and whether the worker is at work."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from wtforms import HiddenField
from wtforms.validators import InputRequired, Length, Regexp

from podserver.accounts.models import Role
from podserver.database import writing
from podserver.history.figures import by_day
from podserver.history.service import Filter
from podserver.integrations import service as integrations
from podserver.portal import service
from podserver.portal.forms import PortalForm
from podserver.portal.session import PortalVisit, portal_page
from podserver.verification import locks

blueprint = Blueprint("overview", __name__)


class UnlockForm(PortalForm):
    """Which contact to unlock."""

    integration = HiddenField(validators=[InputRequired(), Regexp(r"[0-9]{1,9}$")])
    contact = HiddenField(validators=[InputRequired(), Length(max=40)])


@blueprint.get("/")
@portal_page(Role.ADMIN, Role.TECHNICIAN, Role.AUDITOR)
def overview(visit: PortalVisit) -> Any:
    """The first page."""
    today, month = service.today_and_month(visit.session, visit.at)
    return render_template(
        "portal/overview.html",
        visit=visit,
        today=today,
        month=month,
        days=by_day(visit.session, Filter(), visit.at),
        locked=locks.locked_contacts(visit.session, visit.at),
        pulses=service.pulses(visit.session, visit.at),
        refused=[each for each in integrations.integrations(visit.session) if each.active and each.refused],
        form=UnlockForm(),
    )


@blueprint.post("/locked/unlock")
@portal_page(Role.ADMIN)
def unlock(visit: PortalVisit) -> Any:
    """Lift every lock of a contact."""
    form = UnlockForm()
    if not form.validate_on_submit():
        abort(400, "This form was not made by podserver.")
    integration_id, contact = int(form.integration.data), form.contact.data
    with writing(visit.session) as session:
        try:
            integrations.integration(session, integration_id)
        except LookupError:
            abort(404, "There is no such contact.")
        locked = [(each.integration_id, each.contact) for each in locks.locked_contacts(session, visit.at)]
        if (integration_id, contact) in locked:
            locks.unlock(session, contact=contact, integration_id=integration_id, actor=visit.user.name, at=visit.at)
    flash("Unlocked. The contact can be verified again.")
    return redirect(url_for("overview.overview"))
