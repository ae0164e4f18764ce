"""The pages on which users change their password, and set one by a link. Each view says who may call it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for

from podserver.accounts import passwords, service
from podserver.accounts.forms import ChangePasswordForm, SetPasswordForm
from podserver.accounts.models import Role
from podserver.accounts.passwords import Change, LinkOver
from podserver.accounts.service import BadInput
from podserver.configuration import Settings
from podserver.database import begin_read, db, now, writing
from podserver.portal.navigation import belongs_to
from podserver.portal.session import PortalVisit, portal_page, public_page

blueprint = Blueprint("passwords", __name__)


@blueprint.route("/account", methods=["GET", "POST"])
@portal_page(Role.ADMIN, Role.TECHNICIAN, Role.AUDITOR)
def account(visit: PortalVisit) -> Any:
    """Your own account: change the password, which signs you out everywhere."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        wanted = Change(form.current.data or "", form.new.data or "", request.remote_addr or "")
        try:
            passwords.change(visit.session, visit.user, wanted, visit.at)
        except BadInput as error:
            form.blame(error)
        else:
            session.clear()
            flash("Your password is changed. Sign in with the new one.")
            return redirect(url_for("accounts.sign_in"))
    return render_template("portal/account.html", visit=visit, form=form)


@blueprint.post("/users/<int(max=2147483647):user_id>/password-link")
@portal_page(Role.ADMIN)
def make_link(visit: PortalVisit, user_id: int) -> Any:
    """Make a link by which a user sets their password. It is shown this once."""
    belongs_to("accounts.users")
    try:
        user = service.user(visit.session, user_id)
    except LookupError:
        abort(404, "There is no such user.")
    try:
        with writing(visit.session) as writer:
            token = passwords.begin_link(writer, user, actor=visit.user.name, at=visit.at)
    except BadInput as error:
        flash(str(error))
        return redirect(url_for("accounts.edit_user", user_id=user_id))
    return render_template("portal/password_link.html", visit=visit, user=user, link=address_of_link(token))


def address_of_link(token: str) -> str:
    """The address under which a link's user sets their password."""
    settings: Settings = current_app.extensions["settings"]
    return f"{settings.base_url}/password/{token}"


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@public_page
def by_link(token: str) -> Any:
    """Set a password by a link. Public: the token is the proof, and only sending the form spends it."""
    if request.method == "GET":
        begin_read(db.session())
    form, at = SetPasswordForm(), now()
    try:
        user = passwords.user_of_link(db.session(), token, at)
        if form.validate_on_submit():
            try:
                passwords.set_by_link(db.session(), token, form.new.data or "", at)
            except BadInput as error:
                form.blame(error)
            else:
                session.clear()
                flash("Your password is set. Sign in with it.")
                return redirect(url_for("accounts.sign_in"))
    except LinkOver:
        return render_template("portal/password_over.html"), 410
    return render_template("portal/password_set.html", form=form, user=user)
