"""Autotask as host of the pod: an insight in the ticket, or a LiveLink beside it.

An insight's address is signed by Autotask, in a way that it does not publish, and has no time in it. So it says which
pod and which ticket are meant, and never who somebody is. Where an admin has found out what is signed (see
``integrations/real_address.py``), frames whose signature is not good are refused.

A LiveLink is signed by nobody. It leads to the ticket's page in the portal, which asks for the portal's own sign-in.
"""

from __future__ import annotations

from typing import Any, Final

from flask import current_app, redirect, render_template, request, url_for

from connectors.autotask import is_signed
from podserver.configuration import Settings
from podserver.database import begin_read, db
from podserver.integrations import service as integrations
from podserver.integrations.fields import values_of
from podserver.integrations.models import Integration
from podserver.integrations.psas.autotask import LIVELINK_FIELD, NOT_CHECKED
from podserver.pod.door import door_of
from podserver.pod.knock import Host
from podserver.pod.service import BadRecord, record_key

_UNSIGNED: Final = (
    "This address does not have Autotask's signature. Open the ticket in Autotask. If it comes from there, an admin "
    "can look at the insight's signature in podserver, under Integrations."
)
_NO_TICKET: Final = (
    "Autotask did not say which ticket this is. An admin can mend the LiveLink: its field "
    f"{LIVELINK_FIELD} holds the variable of the ticket's ID."
)


def _refuse(integration: Integration, query: bytes) -> str:
    values = values_of(integration)
    checked = values["insight_signature"]
    if checked in ("", NOT_CHECKED):
        return ""
    settings: Settings = current_app.extensions["settings"]
    # What Autotask was told, whatever stands between it and us.
    url = integrations.pod_url(integration, settings.base_url)
    return "" if is_signed(url, query, values["insight_secret"], checked) else _UNSIGNED


HOST = Host(
    "autotask",
    "Autotask",
    "an Autotask ticket",
    id_field="entityid",
    member_field="resourceid",
    dark_field="isdarktheme",
    tokens="an insight's address holds entityid, which Autotask fills in.",
    refuse=_refuse,
)
blueprint = door_of(HOST)


@blueprint.route("/<pod_key>/livelink", methods=["GET", "POST"])
def livelink(pod_key: str) -> Any:
    """Lead on to a ticket's page in the portal. Public: it changes nothing, and the page asks who it is.

    The ticket's id stands in the address or in a form that another site posts.
    """
    session = db.session()
    begin_read(session)
    found = integrations.by_pod_key(session, pod_key)
    if found is None or found.psa != HOST.psa:
        return render_template("pod/gone.html"), 404
    fields = {name.casefold(): value.strip() for name, value in request.values.items()}
    ticket = fields.get(LIVELINK_FIELD.casefold()) or fields.get(HOST.id_field, "")
    try:
        record_key("ticket", ticket)
    except BadRecord:
        return render_template("pod/refused.html", problem=_NO_TICKET), 422
    return redirect(url_for("callers.verify", integration_id=found.id, screen="ticket", ref=ticket), 303)
