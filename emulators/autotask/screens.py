"""The screens for people: the shell with the classic ticket page in it, its Insights panel, and LiveLinks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from emulators.autotask import livelinks, tickets, writing
from emulators.autotask.entities import TICKETS
from emulators.autotask.errors import ApiError
from emulators.autotask.faults import Faults
from emulators.autotask.minter import Minter
from emulators.autotask.store import Record, Store
from emulators.twilio.loopback import comes_from_here

# Sizes of the Insights panel that a vendor has to live with; the first is ours, for people.
PANELS = {"": "As wide as the screen allows", "300x250": "300 × 250", "300x400": "300 × 400"}
_DETAIL = "/autotask/Mvc/ServiceDesk/TicketDetail.mvc"
_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-src http: https:; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'self'"
)
_PUBLIC = 1


def blueprint(store: Store, faults: Faults, minter: Minter) -> Blueprint:
    """The screens over the first tenant's store."""
    pages = Blueprint(
        "autotask_screens",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/autotask/static",
    )
    screens = Screens(store, faults, minter)

    @pages.before_request
    def this_machine_only() -> None:
        if not comes_from_here(request):
            abort(403)

    pages.add_url_rule("/autotask/", "first", screens.first)
    pages.add_url_rule("/autotask/ticket/<int:key>", "shell", screens.shell)
    pages.add_url_rule("/autotask/ticket/<int:key>.json", "data", screens.data)
    pages.add_url_rule("/autotask/ticket/<int:key>/save", "save", screens.save, methods=["POST"])
    pages.add_url_rule("/autotask/livelink/<int:key>", "livelink", screens.livelink)
    pages.add_url_rule(_DETAIL, "detail", screens.detail)
    pages.add_url_rule("/autotask/Autotask/AutotaskExtend/ExecuteCommand.aspx", "command", screens.command)
    return pages


class Screens:
    """The pages and the JSON they live on."""

    def __init__(self, store: Store, faults: Faults, minter: Minter) -> None:
        self._store, self._faults, self._minter = store, faults, minter

    def first(self) -> ResponseReturnValue:
        """The newest ticket."""
        rows = self._store.rows("Tickets")
        return redirect(f"/autotask/ticket/{rows[-1]['id'] if rows else 0}")

    def shell(self, key: int) -> ResponseReturnValue:
        """The outer page around the classic one; with `?embed=1` the classic page alone, in its compact form.

        `?agent=` signs in, `?dark=1` or `0` sets the theme, `?panel=` is one of `PANELS`.
        """
        if request.args.get("embed") == "1":
            return self._ticket_page(key, embed=True)
        ticket = self._ticket(key)
        query = {"workspace": "False", "ids[0]": key, "ticketId": key, **self._settings()}
        return self._page("shell.html", key, ticket=ticket, inner=f"{_DETAIL}?{urlencode(query)}", embed=False)

    def detail(self) -> ResponseReturnValue:
        """The classic ticket page; `ids[0]` alone will do."""
        wanted = request.args.get("ticketId") or request.args.get("ids[0]") or ""
        if not wanted.isdigit():
            abort(404)
        return self._ticket_page(int(wanted), embed=False)

    def command(self) -> ResponseReturnValue:
        """A link from elsewhere into Autotask: `Code=OpenTicketDetail&TicketID=`."""
        wanted = request.args.get("TicketID", "")
        if request.args.get("Code") != "OpenTicketDetail" or not wanted.isdigit():
            abort(404)
        return redirect(f"/autotask/ticket/{wanted}")

    def data(self, key: int) -> ResponseReturnValue:
        """What the screen shows now; `revision` rises with every change."""
        agent = self._agent()
        with self._store.lock:
            ticket = self._ticket(key)
            return jsonify(
                {
                    "revision": self._store.revision,
                    "ticket": self._described(ticket),
                    "notes": self._notes(key),
                    "insights": self._minter.insights(ticket, agent, dark=request.args.get("dark") == "1"),
                    "livelinks": [{"id": row["id"], "name": row["name"]} for row in self._store.rows("LiveLinks")],
                    **self._neighbours(key),
                }
            )

    def save(self, key: int) -> ResponseReturnValue:
        """Store the whole edit form as the signed-in person, over whatever was changed meanwhile."""
        body: Any = request.get_json()
        agent = self._minter.agent(str(body.get("agent", "")))
        if agent is None:
            abort(403)
        form = {name: body.get(name) for name in ("title", "status", "priority")}
        try:
            with self._store.lock:
                old, new = writing.updated({"id": key, **form}, TICKETS, self._store, "PATCH")
                new = tickets.before_update("Tickets", old, new, self._store, self._faults)
                self._store.replace("Tickets", writing.stamp_change(new, TICKETS, agent["id"], None))
        except ApiError as problem:
            return problem.body, 400, {"Content-Type": "application/json"}
        return jsonify({"saved": True})

    def livelink(self, key: int) -> ResponseReturnValue:
        """A page that sends itself to the LiveLink's target; `?debug=1` shows what it would send.

        `?link=` names the LiveLink, the first one for nothing.
        """
        ticket = self._ticket(key)
        rows = self._store.rows("LiveLinks")
        wanted = request.args.get("link", "")
        link = next((row for row in rows if not wanted or str(row["id"]) == wanted), None)
        if link is None:
            abort(404, "No LiveLink is published on tickets.")
        opened = livelinks.opened(link, ticket, self._agent(), self._store)
        debug = request.args.get("debug") == "1"
        html = render_template("autotask/livelink.html", link=link, opened=opened, debug=debug)
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY.replace(
            "form-action 'self'", f"form-action 'self' {opened.origin}"
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def _ticket_page(self, key: int, *, embed: bool) -> Response:
        ticket = self._ticket(key)
        return self._page("ticket.html", key, ticket=self._described(ticket), embed=embed)

    def _page(self, template: str, key: int, **values: Any) -> Response:
        agent = self._agent()
        settings = {"id": key, "agent": agent["id"], "embed": values["embed"], **self._settings()}
        html = render_template(
            f"autotask/{template}",
            agents=self._minter.agents(),
            agent=agent,
            panels=PANELS,
            settings=settings,
            statuses=self._store.tenant.lists["ticketStatus"],
            priorities=self._store.tenant.lists["ticketPriority"],
            **values,
        )
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    def _settings(self) -> dict[str, str]:
        """The settings of the address that go on from page to page."""
        panel, dark = request.args.get("panel", ""), request.args.get("dark", "")
        return {
            "agent": str(self._agent()["id"]),
            "panel": panel if panel in PANELS else "",
            "dark": dark if dark in ("0", "1") else "",
        }

    def _agent(self) -> Record:
        return self._minter.agent(request.args.get("agent", "")) or self._minter.agents()[0]

    def _ticket(self, key: int) -> Record:
        ticket = self._store.get("Tickets", key)
        if ticket is None:
            abort(404, f"There is no ticket {key}.")
        return ticket

    def _described(self, ticket: Record) -> dict[str, Any]:
        store = self._store
        company = store.get("Companies", ticket["companyID"]) or {}
        contact = store.get("Contacts", ticket.get("contactID")) or {}
        category = store.get("TicketCategories", ticket.get("ticketCategory")) or {}
        phone = contact.get("mobilePhone") or contact.get("phone")
        return {
            "id": ticket["id"],
            "number": ticket["ticketNumber"],
            "title": ticket["title"],
            "description": ticket.get("description") or "",
            "status": ticket["status"],
            "priority": ticket["priority"],
            "statusName": store.label("ticketStatus", ticket["status"]),
            "priorityName": store.label("ticketPriority", ticket["priority"]),
            "queue": store.label("queue", ticket.get("queueID")),
            "source": store.label("ticketSource", ticket.get("source")),
            "type": store.label("ticketType", ticket.get("ticketType")),
            "issue": store.label("issueType", ticket.get("issueType")),
            "category": category.get("name"),
            "company": company.get("companyName"),
            "contact": self._name(contact),
            "phone": phone,
            "email": contact.get("emailAddress"),
            "assigned": self._name(store.get("Resources", ticket.get("assignedResourceID")) or {}),
            "due": ticket.get("dueDateTime"),
            "created": ticket.get("createDate"),
        }

    def _notes(self, key: int) -> list[dict[str, Any]]:
        store = self._store
        notes = [
            {
                "id": row["id"],
                "title": row.get("title") or "",
                "text": row["description"],
                "at": row["createDateTime"],
                "author": self._name(
                    store.get("Contacts", row.get("createdByContactID"))
                    or store.get("Resources", row.get("creatorResourceID"))
                    or {}
                ),
                "by": self._name(store.get("Resources", row.get("impersonatorCreatorResourceID")) or {}),
                "type": store.label("noteType", row["noteType"]),
                "publish": store.label("publish", row["publish"]),
                "kind": "Public" if row["publish"] == _PUBLIC else "Internal",
            }
            for row in store.rows("TicketNotes")
            if row["ticketID"] == key
        ]
        return sorted(notes, key=lambda note: (str(note["at"]), int(note["id"])), reverse=True)

    def _neighbours(self, key: int) -> dict[str, int]:
        keys = sorted({key, *(row["id"] for row in self._store.rows("Tickets") if row["status"] != tickets.COMPLETE)})
        at = keys.index(key)
        return {"previous": keys[at - 1], "next": keys[(at + 1) % len(keys)]}

    @staticmethod
    def _name(person: Record) -> str:
        return f"{person.get('firstName') or ''} {person.get('lastName') or ''}".strip()
