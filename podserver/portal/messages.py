"""The Twilio account that codes are sent from. Delivery knows no room, so its page is here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from wtforms import SubmitField
from wtforms.validators import InputRequired

from podserver.accounts.models import Role
from podserver.configuration import Settings
from podserver.database import release, writing
from podserver.delivery import accounts as sms
from podserver.delivery.accounts import TwilioKeys
from podserver.portal.forms import LineField, PortalForm, SecretField
from podserver.portal.session import PortalVisit, portal_page

blueprint = Blueprint("messages", __name__, url_prefix="/messages")


class TwilioForm(PortalForm):
    """The account, in Twilio's words."""

    account_sid = LineField(
        "Account SID",
        [InputRequired("The account SID is needed.")],
        description="Twilio console > Account Info. AC and 32 digits.",
    )
    auth_token = SecretField("Auth token", description="Below the account SID; press Show there.")
    sender = LineField(
        "Sender",
        [InputRequired("A sender is needed.")],
        description="A number such as +12025550100, or a messaging service (MG…) from Messaging > Services.",
    )
    voice_sender = LineField(
        "Number that calls",
        description="A number of the account with voice, such as +12025550100. Empty: nobody is called.",
    )
    validate_keys = SubmitField("Validate")
    save_keys = SubmitField("Save without asking Twilio")


@blueprint.route("", methods=["GET", "POST"])
@portal_page(Role.ADMIN)
def messages(visit: PortalVisit) -> Any:
    """Show the account, or check and save what was typed."""
    stored = sms.account(visit.session)
    form = TwilioForm(obj=stored)
    form.auth_token.stored = stored is not None
    verdict = None
    if form.validate_on_submit():
        try:
            typed = TwilioKeys(
                form.account_sid.data, form.auth_token.data or "", form.sender.data, form.voice_sender.data or ""
            )
            keys = sms.clean_keys(typed, stored)
            # No connection is held while Twilio is spoken to.
            release(visit.session)
            verdict = _ask(keys) if form.validate_keys.data else None
            if verdict is None or verdict.accepted:
                _save(visit, keys)
                flash(f"Saved. {verdict.sentence}" if verdict else "Saved.")
                return redirect(url_for("messages.messages"))
        except sms.BadInput as error:
            form.blame(error)
    return render_template("portal/messages.html", visit=visit, form=form, stored=stored, verdict=verdict)


def _ask(keys: TwilioKeys) -> sms.Verdict:
    settings: Settings = current_app.extensions["settings"]
    return sms.check(keys, settings.twilio_api_url)


def _save(visit: PortalVisit, keys: TwilioKeys) -> None:
    with writing(visit.session) as session:
        sms.save(session, keys, actor=visit.user.name, at=visit.at)
