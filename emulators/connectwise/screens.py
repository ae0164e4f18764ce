"""The screens for people: a ticket, a contact and a company that host pods as the Hosted API describes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from emulators.connectwise.auth import Principal
from emulators.connectwise.controls import loopback_only, member_authentication
from emulators.connectwise.errors import ApiError
from emulators.connectwise.faults import Faults
from emulators.connectwise.paging import Query
from emulators.connectwise.render import View
from emulators.connectwise.resources import Call
from emulators.connectwise.rest import route
from emulators.connectwise.rights import full_role
from emulators.connectwise.store import Record, Store
from emulators.connectwise.tables import TABLES

CONTROLS = {
    "": "Answer as ConnectWise does",
    "forge": "Claim another member with this hash",
    "expired": "Hand out an ended hash",
    "wrong-origin": "Send to a wrong origin",
    "duplicate": "Send MessageFrameID twice",
    "silent": "Never answer getMemberAuthentication",
}
# Screen name in a pod's URL: its name in the set-up table, its records, its path in the API.
KINDS = {
    "ticket": ("ServiceTicket", "tickets", "service/tickets"),
    "contact": ("ContactDetail", "contacts", "company/contacts"),
    "company": ("CompanyDetail", "companies", "company/companies"),
}
_NOTE_TABS = (
    ("Discussion", "detailDescriptionFlag"),
    ("Internal", "internalAnalysisFlag"),
    ("Resolution", "resolutionFlag"),
)
_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-src http: https:; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'self'"
)


class Screens:
    """The screens over one store."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self.store, self.faults = store, faults

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the pages and the JSON they live on."""
        kinds = "<any(ticket, contact, company):kind>"
        blueprint.add_url_rule("/connectwise/", "first_screen", self.first)
        blueprint.add_url_rule(f"/connectwise/{kinds}/<int:key>", "screen", self.page)
        blueprint.add_url_rule(f"/connectwise/{kinds}/<int:key>.json", "screen_data", self.data)
        blueprint.add_url_rule("/connectwise/ticket/<int:key>/save", "screen_save", self.save, methods=["POST"])
        blueprint.add_url_rule("/connectwise/member-authentication.json", "screen_member", self.member)

    def first(self) -> AnyResponse:
        """The newest ticket."""
        loopback_only()
        tickets = self.store.rows("tickets")
        return redirect(f"/connectwise/ticket/{tickets[-1]['id'] if tickets else 0}")

    def page(self, kind: str, key: int) -> Response:
        """A record's screen: `?member=` signs in, `?embed=1` is the compact form, `?control=` one of `CONTROLS`."""
        loopback_only()
        shown = self._record(kind, key)
        members = [row for row in self.store.rows("members") if row["licenseClass"] != "A"]
        member = self.store.member(request.args.get("member", "sam")) or members[0]
        control = request.args.get("control", "")
        embed = request.args.get("embed") == "1"
        settings = {
            "kind": kind,
            "id": key,
            "member": member["identifier"],
            "embed": embed,
            "control": control if control in CONTROLS else "",
            "getScreenObject": self.faults["get_screen_object"],
        }
        html = render_template(
            f"connectwise/{'ticket' if kind == 'ticket' else 'record'}.html",
            kind=kind,
            record=shown,
            embed=embed,
            members=members,
            member=member,
            controls=CONTROLS,
            settings=settings,
        )
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    def data(self, kind: str, key: int) -> Response:
        """What the screen shows now: record, notes, pods, neighbours; `revision` rises with every change."""
        loopback_only()
        with self.store.lock:
            record = self._record(kind, key)
            answer = {
                "revision": self.store.revision,
                "record": record,
                "pods": self._pods(kind),
                "notes": self._notes(kind, key),
                **self._neighbours(kind, record),
            }
            if kind == "ticket":
                answer["statuses"] = [
                    {"id": row["id"], "name": row["name"]}
                    for row in self.store.rows("boardStatuses")
                    if row["board"]["id"] == record["board"]["id"]
                ]
            else:
                answer["related"] = self._related(kind, record)
        return jsonify(answer)

    def save(self, key: int) -> Response | tuple[Response, int]:
        """Store the ticket's summary and status as the signed-in member."""
        loopback_only()
        body: Any = request.get_json()
        member = self.store.member(str(body.get("member", "")))
        if member is None:
            abort(403)
        steps = [
            {"op": "replace", "path": "summary", "value": body.get("summary")},
            {"op": "replace", "path": "status", "value": {"id": body.get("status")}},
        ]
        base = request.host_url.rstrip("/")
        call = Call(
            self.store,
            self.faults,
            Principal(member["id"], member["identifier"], "session", full_role()),
            View(self.store, base),
            "PATCH",
            Query({}, base),
            lambda: steps,
        )
        try:
            with self.store.lock:
                route(call, f"/service/tickets/{key}")
        except ApiError as problem:
            details = problem.body.get("errors") or [problem.body]
            return jsonify({"errors": [error["message"] for error in details]}), 400
        return jsonify({"saved": True})

    def member(self) -> Response:
        """The member authentication that the page hands to a pod, true or as the chosen control wants it."""
        loopback_only()
        member = self.store.member(request.args.get("member", ""))
        if member is None:
            abort(404)
        control = request.args.get("control", "")
        data = member_authentication(self.store, member["identifier"], expired=control == "expired")
        if control == "forge":
            data["memberid"] = "priya" if member["identifier"] != "priya" else "sam"
        return jsonify(data)

    def _record(self, kind: str, key: int) -> Record:
        table = TABLES[KINDS[kind][1]]
        stored = self.store.get(table.name, key)
        if stored is None:
            abort(404, f"There is no {kind} {key}.")
        return View(self.store, "").record(table, stored)

    def _pods(self, kind: str) -> list[Record]:
        screens = {row["id"] for row in self.store.rows("hostedScreens") if row["screenId"] == KINDS[kind][0]}
        return [
            {
                "id": row["id"],
                "description": row["description"],
                "url": row["url"],
                "origin": row.get("origin") or "",
                "height": row.get("podHeight") or 300,
            }
            for row in self.store.rows("hostedSetups")
            if row["screenId"] in screens and row["type"] == "Pod" and not row.get("disabledFlag")
        ]

    def _notes(self, kind: str, key: int) -> list[Record]:
        table, link = {
            "ticket": ("ticketNotes", "ticketId"),
            "contact": ("contactNotes", "contactId"),
            "company": ("companyNotes", "companyId"),
        }[kind]
        notes = []
        for row in self.store.rows(table):
            if row[link] != key:
                continue
            kinds = [name for name, flag in _NOTE_TABS if row.get(flag)]
            notes.append(
                {
                    "id": row["id"],
                    "text": row["text"],
                    "author": self._author(row),
                    "kinds": kinds,
                    "at": row.get("dateCreated") or row["_info"]["dateEntered"],
                }
            )
        return sorted(notes, key=lambda note: (note["at"], note["id"]), reverse=True)

    def _author(self, row: Record) -> str:
        for table in ("contact", "member"):
            target = self.store.get(f"{table}s", (row.get(table) or {}).get("id") or 0)
            if target is not None:
                return f"{target['firstName']} {target.get('lastName') or ''}".strip()
        return str(row.get("enteredBy") or row.get("createdBy") or "")

    def _neighbours(self, kind: str, record: Record) -> dict[str, int]:
        keys = [row["id"] for row in self.store.rows(KINDS[kind][1]) if not row.get("closedFlag")]
        keys = sorted({*keys, record["id"]})
        at = keys.index(record["id"])
        return {"previous": keys[at - 1], "next": keys[(at + 1) % len(keys)]}

    def _related(self, kind: str, record: Record) -> dict[str, list[Record]]:
        company = record["id"] if kind == "company" else (record.get("company") or {}).get("id")
        people = [
            {
                "id": row["id"],
                "name": f"{row['firstName']} {row.get('lastName') or ''}".strip(),
                "title": row.get("title") or "",
            }
            for row in self.store.rows("contacts")
            if (row.get("company") or {}).get("id") == company and row["id"] != record["id"]
        ]
        open_tickets = [
            {"id": row["id"], "summary": row["summary"]}
            for row in self.store.rows("tickets")
            if not row.get("closedFlag") and (row.get(kind) or {}).get("id") == record["id"]
        ]
        return {"contacts": people, "tickets": open_tickets}
