"""A ticket's screen for people. SuperOps frames nobody's pages, so there is a link to podserver and no pod."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from emulators.portal_link import portal_link
from emulators.superops import seed
from emulators.superops.faults import Faults
from emulators.superops.store import Record, Store
from emulators.superops.view import View
from emulators.twilio.loopback import comes_from_here

_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
_KEPT = frozenset({"p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "div", "blockquote", "pre", "code"})
_SILENT = frozenset({"script", "style", "title", "template"})


class Screens:
    """The screens over one store, as a technician sees them who may see every client."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the page and the JSON it lives on."""
        blueprint.add_url_rule("/superops/", "first_screen", self.first)
        blueprint.add_url_rule("/superops/ticket/<key>", "screen", self.page)
        blueprint.add_url_rule("/superops/ticket/<key>.json", "screen_data", self.data)

    def first(self) -> AnyResponse:
        """The newest ticket."""
        _from_here()
        newest = max(self.store.rows("tickets"), key=lambda row: str(row["createdTime"]))
        return redirect(f"/superops/ticket/{newest['ticketId']}")

    def page(self, key: str) -> Response:
        """A ticket: `?embed=1` is the compact form, `?portal=` where podserver is on this machine."""
        _from_here()
        ticket = self._ticket(key)
        html = render_template(
            "superops/ticket.html",
            ticket=ticket,
            embed=request.args.get("embed") == "1",
            portal=portal_link(request.args.get("portal", ""), "superops", ticket["displayId"]),
        )
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    def data(self, key: str) -> Response:
        """What the screen shows now; `revision` rises with every change. Contents are safe HTML."""
        _from_here()
        with self.store.lock:
            ticket = self._ticket(key)
            view = self._view()
            user = self.store.get("users", (ticket["requester"] or {}).get("userId"))
            talk = [view.conversation(row) for row in self.store.rows("conversations") if row["ticketId"] == key]
            notes = [view.note(row) for row in self.store.rows("notes") if row["ticketId"] == key]
            shown = [
                _entry(row["conversationId"], row["user"], row["time"], row["content"], row["type"]) for row in talk
            ]
            shown += [
                _entry(row["noteId"], row["addedBy"], row["addedOn"], row["content"], row["privacyType"])
                for row in notes
            ]
            return jsonify(
                {
                    "revision": self.store.revision,
                    "ticket": {name: value for name, value in ticket.items() if not callable(value)},
                    "requester": {
                        "name": (ticket["requester"] or {}).get("name"),
                        "email": (user or {}).get("email"),
                        "phone": (user or {}).get("contactNumber"),
                        "mobile": ((user or {}).get("customFields") or {}).get("udf1text"),
                    },
                    "entries": sorted(shown, key=lambda row: str(row["at"]), reverse=True),
                }
            )

    def _view(self) -> View:
        technician = self.store.get("technicians", seed.SAM)
        assert technician is not None
        return View(self.store, Faults(), technician)

    def _ticket(self, key: str) -> Record:
        row = self.store.get("tickets", key)
        if row is None:
            abort(404, f"There is no ticket {key}.")
        return self._view().ticket(row)


def _entry(key: str, author: Any, at: str, content: str | None, kind: str) -> Record:
    return {"id": key, "author": (author or {}).get("name") or "", "at": at, "kind": kind, "html": safe(content or "")}


class _Safe(HTMLParser):
    """Keeps a few plain tags without attributes; what else looks like a tag vanishes, as in SuperOps."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.open: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag if it is plain."""
        self.silent += tag in _SILENT
        if tag in _KEPT:
            self.parts.append(f"<{tag}>")
            if tag != "br":
                self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what is open up to this tag."""
        self.silent -= tag in _SILENT and self.silent > 0
        while tag in self.open:
            closed = self.open.pop()
            self.parts.append(f"</{closed}>")
            if closed == tag:
                break

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if not self.silent:
            self.parts.append(escape(data))


def safe(content: str) -> str:
    """HTML of a note or reply, harmless and closed."""
    parser = _Safe()
    parser.feed(content)
    parser.close()
    return "".join(parser.parts) + "".join(f"</{tag}>" for tag in reversed(parser.open))


def _from_here() -> None:
    if not comes_from_here(request):
        abort(403)
