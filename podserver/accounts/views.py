"""Sign-in, users and the tenant's settings. Each view says in its decorator who may call it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_login import current_user

from podserver.accounts import passwords, service
from podserver.accounts.forms import NewUserForm, SettingsForm, SignInForm, UserForm
from podserver.accounts.models import Role, SignIn
from podserver.accounts.password_views import address_of_link
from podserver.accounts.service import BadInput, NewUser, SignInRefused, TenantSettings
from podserver.database import db, now, writing
from podserver.portal.session import PortalVisit, local_path, open_session, portal_page, public_page

blueprint = Blueprint("accounts", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public_page
def sign_in() -> Any:
    """Sign in with e-mail and password. Public."""
    target = local_path(request.args.get("next"))
    form = SignInForm()
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(target)
    status = 200
    if form.validate_on_submit():
        refused = _sign_in(form.email.data, form.password.data or "")
        if refused is None:
            return redirect(target)
        status = 429 if refused.seconds else 401
        form.form_errors.append(str(refused))
    return render_template("portal/sign_in.html", form=form), status


def _sign_in(email: str, password: str) -> SignInRefused | None:
    at = now()
    try:
        user = service.password_is_right(
            db.session(), email=email, password=password, address=request.remote_addr or "", at=at
        )
    except SignInRefused as error:
        return error
    with writing(db.session()) as writer:
        token = service.begin_sign_in(writer, user, at)
    opened = service.signed_in(db.session(), token, at)
    assert isinstance(opened, SignIn)
    open_session(token, opened)
    return None


@blueprint.post("/sign-out")
@portal_page(Role.ADMIN, Role.TECHNICIAN, Role.AUDITOR)
def sign_out(visit: PortalVisit) -> Any:
    """End the sign-in for good, on the server too."""
    with writing(visit.session) as writer:
        service.end_sign_in(writer, visit.token, visit.user, visit.at)
    session.clear()
    flash("You are signed out.")
    # Where the next one who signs in is to go; the sign-in judges it.
    return redirect(url_for("accounts.sign_in", next=request.form.get("next")))


@blueprint.get("/users")
@portal_page(Role.ADMIN)
def users(visit: PortalVisit) -> Any:
    """Who may come in, and as what."""
    return render_template("portal/users.html", visit=visit, users=service.users(visit.session))


@blueprint.route("/users/new", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def new_user(visit: PortalVisit) -> Any:
    """Add a user, and make the link by which they set their password. It is shown this once."""
    form = NewUserForm()
    if form.validate_on_submit():
        new = NewUser(form.email.data, form.name.data, Role(form.role.data))
        try:
            with writing(visit.session) as writer:
                user = service.create_user(writer, new, actor=visit.user.name, at=visit.at)
                token = passwords.begin_link(writer, user, actor=visit.user.name, at=visit.at)
        except BadInput as error:
            form.blame(error)
        else:
            link = address_of_link(token)
            return render_template("portal/password_link.html", visit=visit, user=user, link=link, added=True)
    return render_template("portal/user_new.html", visit=visit, form=form)


@blueprint.route("/users/<int(max=2147483647):user_id>", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def edit_user(visit: PortalVisit, user_id: int) -> Any:
    """Change a user's role, or switch them off and on."""
    try:
        user = service.user(visit.session, user_id)
    except LookupError:
        abort(404, "There is no such user.")
    form = UserForm(data={"role": str(user.role), "active": user.active})
    if form.validate_on_submit():
        try:
            with writing(visit.session) as writer:
                service.change_user(
                    writer, user, role=Role(form.role.data), active=form.active.data, actor=visit.user, at=visit.at
                )
        except BadInput as error:
            form.blame(error)
        else:
            flash(f"{user.name} is changed.")
            return redirect(url_for("accounts.users"))
    return render_template("portal/user.html", visit=visit, form=form, user=user)


@blueprint.route("/settings", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def settings(visit: PortalVisit) -> Any:
    """What an admin decides for everybody."""
    form = SettingsForm(obj=visit.tenant)
    if form.validate_on_submit():
        wanted = TenantSettings(**{field.name: form[field.name].data for field in fields(TenantSettings)})
        try:
            with writing(visit.session) as writer:
                service.change_settings(writer, visit.tenant, wanted, actor=visit.user.name, at=visit.at)
        except BadInput as error:
            form.blame(error)
        else:
            flash("Saved. The change is in the history.")
            return redirect(url_for("accounts.settings"))
    return render_template("portal/settings.html", visit=visit, form=form)
