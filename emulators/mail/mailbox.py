"""The mailbox: pages that list what arrived and show one message, with its HTML behind bars."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from emulators.mail.emulator import MailEmulator
from emulators.mail.messages import Mail
from emulators.mail.parsing import pieces
from emulators.mail.rendering import FRAME_POLICY, SANDBOX, framed
from emulators.mail.scanner import KINDS, leads_here, scan
from emulators.twilio.loopback import comes_from_here

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
PAGE_SIZE = 50
SHOWN_SOURCE = 200_000
PREVIEW_LENGTH = 140
EMBEDS = ("1", "handset")


def wanted_address() -> str:
    """The address in `?to=`, empty for all. A query string turns the plus of an unescaped address into a space."""
    return request.args.get("to", "").strip().replace(" ", "+")[:320]


def _kept() -> dict[str, Any]:
    """What the links of a page hand on: whose mailbox it is, and how it is embedded."""
    embed = request.args.get("embed", "")
    chosen = {"to": wanted_address(), "embed": embed if embed in EMBEDS else ""}
    return {name: value for name, value in chosen.items() if value}


def _preview(mail: Mail) -> str:
    return " ".join((mail.content.text or "").split())[:PREVIEW_LENGTH]


def blueprint(emulator: MailEmulator) -> Blueprint:
    """The mailbox's pages."""
    mailbox = Blueprint(
        "mailbox", __name__, template_folder="templates", static_folder="static", static_url_path="/mailbox/static"
    )
    store = emulator.store

    @mailbox.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    @mailbox.after_request
    def guard(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        # Not "no-referrer": that would make a form's Origin "null", and a stranger's page could not be told from ours.
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.endpoint != "mailbox.static":
            response.headers["Cache-Control"] = "no-store"
        return response

    def rows() -> dict[str, Any]:
        version = store.version  # before the messages: one that comes in between is then fetched again, not missed
        mails = store.newest(wanted_address())
        last = max(1, -(-len(mails) // PAGE_SIZE))
        page = min(max(request.args.get("page", 1, type=int), 1), last)
        shown = mails[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        return {
            "version": version,
            "mails": [(mail, _preview(mail)) for mail in shown],
            "total": len(mails),
            "page": page,
            "last": last,
            "kept": _kept(),
        }

    @mailbox.get("/mailbox")
    def index() -> ResponseReturnValue:
        return render_template("mail/mailbox.html", addresses=store.addresses(), **rows())

    @mailbox.get("/mailbox/rows")
    def only_rows() -> ResponseReturnValue:
        if request.args.get("have") == store.version:
            return "", 204
        return render_template("mail/rows.html", **rows())

    @mailbox.get("/mailbox/messages/<mail_id>")
    def message(mail_id: str) -> ResponseReturnValue:
        mail = store.get(mail_id) or abort(404)
        content = mail.content
        parts = [name for name, there in (("html", content.html), ("text", content.text)) if there is not None]
        parts += ["source", "links"]
        wanted = request.args.get("part", "")
        return render_template(
            "mail/message.html",
            mail=mail,
            part=wanted if wanted in parts else parts[0],
            parts=parts,
            pieces=pieces(content.text or ""),
            source=mail.raw[:SHOWN_SOURCE].decode("utf-8", "replace"),
            cut=len(mail.raw) > SHOWN_SOURCE,
            sandbox=SANDBOX,
            scannable=[(at, link) for at, link in enumerate(content.links) if leads_here(link)],
            kinds=KINDS,
            scans=store.scans(mail.id),
            kept=_kept(),
        )

    @mailbox.get("/mailbox/messages/<mail_id>/html")
    def html(mail_id: str) -> ResponseReturnValue:
        mail = store.get(mail_id) or abort(404)
        if mail.content.html is None:
            abort(404)
        return Response(
            framed(mail.content.html, mail.images()),
            content_type="text/html; charset=utf-8",
            headers={
                "Content-Security-Policy": FRAME_POLICY,
                "Referrer-Policy": "no-referrer",
                "X-DNS-Prefetch-Control": "off",
            },
        )

    @mailbox.post("/mailbox/messages/<mail_id>/scan")
    def scan_link(mail_id: str) -> ResponseReturnValue:
        mail = store.get(mail_id) or abort(404)
        kind, at = request.form.get("as", ""), request.form.get("link", -1, type=int)
        if kind not in KINDS or not 0 <= at < len(mail.content.links) or not leads_here(mail.content.links[at]):
            abort(400)
        store.add_scan(mail.id, scan(kind, mail.content.links[at]))
        return redirect(url_for("mailbox.message", mail_id=mail.id, part="links", _anchor="scans", **_kept()), 303)

    return mailbox
