"""The mail server that letters go through. Delivery knows no room, so its page is here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from wtforms import RadioField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from podserver.accounts.models import Role
from podserver.branding.letters import compose
from podserver.branding.service import letterhead
from podserver.configuration import Settings
from podserver.database import release, writing
from podserver.delivery import mail as channel
from podserver.delivery import mail_accounts, outbox, smtp
from podserver.delivery.mail_accounts import BadInput, MailServer
from podserver.delivery.models import OutboxRow, Progress
from podserver.portal.forms import LineField, PortalForm, SecretField, WholeNumber
from podserver.portal.session import PortalVisit, portal_page
from podserver.security import sealing

blueprint = Blueprint("mail", __name__, url_prefix="/mail")


class MailForm(PortalForm):
    """The server, in the words of its own help pages."""

    host = LineField("Host", [InputRequired("The host is needed.")], description="Such as smtp.office365.com.")
    port = WholeNumber("Port", [InputRequired("The port is needed.")], default=587)
    security = RadioField(
        "Encryption",
        choices=[
            SelectChoice(smtp.STARTTLS, "STARTTLS, usually port 587"),
            SelectChoice(smtp.TLS, "TLS from the start, usually port 465"),
        ],
        default=smtp.STARTTLS,
        validate_choice=False,
    )
    username = LineField("User", description="Often the address itself. Empty: the server knows this host, no login.")
    password = SecretField("Password", description="Microsoft and Google want an app password here.")
    from_address = LineField(
        "From",
        [InputRequired("An address to send from is needed.")],
        description="An address of your own domain. Your company's name is shown with it.",
    )
    reply_to = LineField("Answers go to", description="Such as your help desk's address. Empty: to the address above.")
    validate_server = SubmitField("Validate")
    save_server = SubmitField("Save without asking the server")


class PlainForm(PortalForm):
    """A button and its token."""


@blueprint.route("", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def mail(visit: PortalVisit) -> Any:
    """Show the server, or check and save what was typed."""
    stored = mail_accounts.account(visit.session)
    form = MailForm(obj=stored)
    form.password.stored = stored is not None and bool(stored.username)
    verdict = None
    if form.validate_on_submit():
        try:
            server = mail_accounts.clean(_typed(form), stored)
            # No connection is held while the server is spoken to.
            release(visit.session)
            verdict = _ask(server) if form.validate_server.data else None
            if verdict is None or verdict.accepted:
                with writing(visit.session) as session:
                    mail_accounts.save(session, server, actor=visit.user.name, at=visit.at)
                flash(f"Saved. {verdict.sentence}" if verdict else "Saved.")
                return redirect(url_for("mail.mail"))
        except BadInput as error:
            form.blame(error)
    return render_template(
        "portal/mail.html",
        visit=visit,
        form=form,
        stored=stored,
        verdict=verdict,
        trial=_trial(visit),
        domain=stored.from_address.rpartition("@")[2] if stored else "example.com",
    )


def _typed(form: MailForm) -> MailServer:
    return MailServer(
        form.host.data or "",
        form.port.data or 0,
        form.security.data or "",
        form.username.data or "",
        form.password.data or "",
        form.from_address.data or "",
        form.reply_to.data or "",
    )


def _ask(server: MailServer) -> mail_accounts.Verdict:
    settings: Settings = current_app.extensions["settings"]
    return mail_accounts.check(server, settings.base_url, settings.ca_file, settings.local_hosts)


@blueprint.post("/letter")
@portal_page(Role.ADMIN)
def send_trial(visit: PortalVisit) -> Any:
    """Send a trial letter to whoever presses the button, on the way that codes take."""
    if mail_accounts.account(visit.session) is None:
        flash("Nothing was sent: no mail server is saved yet.")
    elif not visit.user.email:
        flash("Nothing was sent: your user has no e-mail address. An admin sets it under Users.")
    elif PlainForm().validate_on_submit():
        trial = compose("test", letterhead(visit.session, visit.tenant), name=visit.user.name)
        with writing(visit.session) as session:
            row_id = outbox.add(
                session,
                channel=channel.CHANNEL,
                topic=mail_accounts.TRIAL,
                subject=sealing.random_id(),
                payload=trial.payload(visit.user.email, visit.user.name, 0),
                at=visit.at,
            )
        current_app.extensions["exchange"].nudge(row_id)
        flash("The letter is on its way to your own address.")
    return redirect(url_for("mail.mail"))


@blueprint.get("/letter")
@portal_page(Role.ADMIN, counts_as_use=False)
def trial_line(visit: PortalVisit) -> Any:
    """The line about the newest trial letter, which the page asks for while it is on its way."""
    return render_template("portal/mail_trial.html", trial=_trial(visit))


@blueprint.post("/remove")
@portal_page(Role.ADMIN)
def remove(visit: PortalVisit) -> Any:
    """Forget the server; the pod offers nothing by e-mail from then on."""
    if PlainForm().validate_on_submit():
        with writing(visit.session) as session:
            mail_accounts.remove(session, actor=visit.user.name, at=visit.at)
        flash("Removed. Nobody can be verified by e-mail until a server is set up again.")
    return redirect(url_for("mail.mail"))


def _trial(visit: PortalVisit) -> dict[str, Any] | None:
    row = mail_accounts.newest_trial(visit.session)
    if row is None:
        return None
    ended = row.progress in (Progress.DONE, Progress.FAILED, Progress.UNKNOWN, Progress.DROPPED)
    return {"words": _words(row), "good": row.progress == Progress.DONE, "ended": ended, "at": row.created_at}


def _words(row: OutboxRow) -> str:
    match row.progress:
        case Progress.DONE:
            return "the mail server took it. Look into your mailbox, and into junk."
        case Progress.FAILED:
            return f"it was not sent: {row.error}."
        case Progress.UNKNOWN:
            return f"nobody can tell whether it was sent: {row.error}."
        case Progress.DROPPED:
            return "it was dropped before it was sent."
    return f"on its way: {row.error}." if row.error else "on its way."
