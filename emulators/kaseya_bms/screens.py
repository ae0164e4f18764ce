"""The ticket's screen for people: BMS has no place for a frame, so the desk opens podserver beside it by a link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from emulators.kaseya_bms.answers import Refusal
from emulators.kaseya_bms.controls import this_machine_only
from emulators.kaseya_bms.notes import of_ticket, shown
from emulators.kaseya_bms.seed import TENANT
from emulators.kaseya_bms.seed_lists import SAM
from emulators.kaseya_bms.store import Record, Store
from emulators.kaseya_bms.ticket_rows import full
from emulators.kaseya_bms.ticket_rules import change
from emulators.portal_link import portal_link

_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"


class Screens:
    """The screens over one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the page and the JSON it lives on."""
        blueprint.add_url_rule("/kaseya_bms/", "first_screen", self.first)
        blueprint.add_url_rule("/kaseya_bms/ticket/<int:key>", "screen", self.page)
        blueprint.add_url_rule("/kaseya_bms/ticket/<int:key>.json", "screen_data", self.data)
        blueprint.add_url_rule("/kaseya_bms/ticket/<int:key>/save", "screen_save", self.save, methods=["POST"])

    def first(self) -> AnyResponse:
        """The newest ticket."""
        this_machine_only()
        return redirect(f"/kaseya_bms/ticket/{self.store.rows('tickets')[-1]['id']}")

    def page(self, key: int) -> Response:
        """A ticket: `?agent=` says who looks, `?embed=1` is the compact form, `?portal=` where podserver is."""
        this_machine_only()
        ticket = self._ticket(key)
        agents = [row for row in self.store.rows("users") if row["userType"] == "Employee" and row["isActive"]]
        agent = next((row for row in agents if str(row["id"]) == request.args.get("agent")), agents[0])
        portal = request.args.get("portal", "")
        html = render_template(
            "kaseya_bms/ticket.html",
            ticket=full(self.store, ticket),
            tenant=TENANT,
            embed=request.args.get("embed") == "1",
            agents=agents,
            agent=agent,
            statuses=self.store.rows("statuses"),
            link=portal_link(portal, "kaseya_bms", ticket["ticketNumber"]) if portal else None,
            settings={"id": key, "agent": agent["id"]},
        )
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    def data(self, key: int) -> Response:
        """What the screen shows now: ticket, notes newest first, neighbours; `revision` rises with every change."""
        this_machine_only()
        with self.store.lock:
            ticket = self._ticket(key)
            keys = [row["id"] for row in self.store.rows("tickets") if row["completedDate"] is None or row["id"] == key]
            place = keys.index(key)
            notes = [shown(self.store, row) for row in of_ticket(self.store, key)]
            notes.sort(key=lambda note: (note["createdOn"], note["id"]), reverse=True)
            answer = {
                "revision": self.store.revision,
                "ticket": full(self.store, ticket),
                "notes": notes,
                "previous": keys[place - 1],
                "next": keys[(place + 1) % len(keys)],
            }
        return jsonify(answer)

    def save(self, key: int) -> Response | tuple[Response, int]:
        """Store the ticket's title and status as the agent who looks."""
        this_machine_only()
        body: Any = request.get_json()
        agent = self.store.get("users", body.get("agent")) or {"id": SAM}
        try:
            with self.store.lock:
                values = {"title": body.get("title"), "statusId": body.get("status")}
                change(self.store, self._ticket(key), values, agent["id"])
        except Refusal as refused:
            told = refused.body or {}
            texts = [text for texts in told.get("errors", {}).values() for text in texts]
            return jsonify({"errors": texts or [told["error"]["message"]]}), 400
        return jsonify({"saved": True})

    def _ticket(self, key: int) -> Record:
        ticket = self.store.get("tickets", key)
        if ticket is None:
            abort(404, f"There is no ticket {key}.")
        return ticket
