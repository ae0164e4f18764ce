"""The screens for people: a ticket and a user, each with the custom tabs that its set-up has."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from emulators.halo import tabs, tickets, users
from emulators.halo.call import Call
from emulators.halo.controls import this_machine_only
from emulators.halo.errors import ApiError, BrokenRule
from emulators.halo.faults import Faults
from emulators.halo.lists import Query
from emulators.halo.seed_lists import SAM
from emulators.halo.store import Record, Store
from emulators.halo.tokens import Caller

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
        kinds = "<any(ticket, user):kind>"
        blueprint.add_url_rule("/halo/", "first_screen", self.first)
        blueprint.add_url_rule("/ticket", "link_ticket", self.link)
        blueprint.add_url_rule("/tickets", "link_tickets", self.link)
        blueprint.add_url_rule(f"/halo/{kinds}/<int:key>", "screen", self.page)
        blueprint.add_url_rule(f"/halo/{kinds}/<int:key>.json", "screen_data", self.data)
        blueprint.add_url_rule("/halo/ticket/<int:key>/save", "screen_save", self.save, methods=["POST"])

    def first(self) -> AnyResponse:
        """The newest open ticket."""
        this_machine_only()
        return redirect(f"/halo/ticket/{max(row['id'] for row in self._open())}")

    def link(self) -> AnyResponse:
        """The address that Halo's own links have: `/ticket?id=4711`."""
        this_machine_only()
        agent = request.args.get("agent", type=int)
        tail = f"?agent={agent}" if agent is not None else ""
        return redirect(f"/halo/ticket/{request.args.get('id', 0, type=int)}{tail}")

    def page(self, kind: str, key: int) -> Response:
        """A record's screen: `?agent=` signs in, `?embed=1` is the compact form, `?tab=` opens a custom tab."""
        this_machine_only()
        record = self._record(kind, key)
        agent = self._agent()
        embed = request.args.get("embed") == "1"
        settings = {
            "kind": kind,
            "id": key,
            "agent": agent["id"],
            "tab": request.args.get("tab", 0, type=int),
            "sandbox": self.faults.on("sandbox"),
        }
        shown = {"kind": kind, "record": record, "agent": agent, "agents": self.store.people(), "embed": embed}
        response = Response(
            render_template(f"halo/{kind}.html", settings=settings, **shown), content_type="text/html; charset=utf-8"
        )
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    def data(self, kind: str, key: int) -> Response:
        """What the screen shows now; `revision` rises with every change."""
        this_machine_only()
        agent = self._agent()
        with self.store.lock:
            record = self._record(kind, key)
            answer: Record = {"revision": self.store.revision, "record": record}
            if kind == "ticket":
                stored = self.store.get("tickets", key) or {}
                rows, values = tabs.of_ticket(self.store, stored), tabs.ticket_values(self.store, stored)
                answer["actions"] = sorted(stored["_actions"], key=lambda row: -row["id"])
                answer["statuses"] = [{"id": row["id"], "name": row["name"]} for row in self.store.rows("statuses")]
                keys = sorted({key, *(row["id"] for row in self._open())})
                answer["previous"] = keys[keys.index(key) - 1]
                answer["next"] = keys[(keys.index(key) + 1) % len(keys)]
            else:
                rows, values = tabs.of_user(self.store), tabs.user_values(self.store, record, self.faults)
                answer["tickets"] = [
                    {"id": row["id"], "summary": row["summary"]} for row in self._open() if row["user_id"] == key
                ]
            answer["tabs"] = [
                {"id": row["id"], "name": row["name"], "url": tabs.address(row, values, agent["id"], self.faults)}
                for row in rows
            ]
        return jsonify(answer)

    def save(self, key: int) -> Response | tuple[Response, int]:
        """Store the ticket's summary and status as the signed-in agent."""
        this_machine_only()
        self._record("ticket", key)
        body: Any = request.get_json()
        caller = Caller("", self._agent()["id"], frozenset())
        call = Call(self.store, self.faults, caller, Query({}), request.host_url.rstrip("/"))
        wanted = {"id": key, "summary": body.get("summary"), "status_id": body.get("status")}
        try:
            with self.store.lock:
                tickets.write(call, wanted, "$")
        except BrokenRule as reason:
            return jsonify({"error": str(reason)}), 400
        except ApiError as problem:
            return jsonify({"error": f"The emulator refused this: {problem.body}"}), 400
        return jsonify({"saved": True})

    def _record(self, kind: str, key: int) -> Record:
        stored = self.store.get(f"{kind}s", key)
        if stored is None:
            abort(404, f"There is no {kind} {key}.")
        if kind == "user":
            return users.render(self.store, stored)
        return {
            **tickets.render(self.store, stored),
            "status_name": self.store.name("statuses", stored["status_id"]),
            "agent_name": self.store.name("agents", stored["agent_id"]),
            "tickettype_name": self.store.name("types", stored["tickettype_id"]),
            "priority_name": next(
                row["name"]
                for row in self.store.rows("priorities")
                if (row["slaid"], row["priorityid"]) == (stored["sla_id"], stored["priority_id"])
            ),
            "phones": self._phones(stored["user_id"]),
        }

    def _phones(self, user_id: int) -> str:
        user = self.store.get("users", user_id) or {}
        numbers = [user.get(name, "") for name in ("mobilenumber", "phonenumber", "mobilenumber2")]
        return ", ".join(number for number in numbers if number)

    def _agent(self) -> Record:
        """The agent signed in at this screen."""
        wanted = request.args.get("agent", SAM, type=int)
        return next((row for row in self.store.people() if row["id"] == wanted), None) or self.store.people()[0]

    def _open(self) -> list[Record]:
        return [row for row in self.store.rows("tickets") if not row["hasbeenclosed"]]
