"""Stored records as the API shows them, for one caller: what his technician groups hide is not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from emulators.superops.faults import Faults
from emulators.superops.seed_lists import REQUESTER_ROLES, SLAS
from emulators.superops.store import Store

Record = dict[str, Any]


class View:
    """What one technician sees. `wide` records also have what only conditions can reach, like `requester.email`."""

    def __init__(self, store: Store, faults: Faults, technician: Record) -> None:
        self.store, self.faults, self.technician = store, faults, technician
        mine = set(technician["groupIds"])
        clients = store.rows("clients")
        self.clients = {
            row["accountId"] for row in clients if not row["technicianGroups"] or mine & set(row["technicianGroups"])
        }

    def leaf(self, value: Any) -> Any:
        """A value of the scalar JSON; some accounts send it as text."""
        return json.dumps(value) if self.faults.on("json_as_text") and value is not None else value

    def sees_user(self, row: Record) -> bool:
        """Whether any of the requester's clients is visible."""
        return any(entry["clientId"] in self.clients for entry in self.associations_of(row["userId"]))

    def associations_of(self, user: str) -> list[Record]:
        """The stored associations of a requester."""
        return [row for row in self.store.rows("associations") if row["userId"] == user]

    def ticket(self, row: Record, *, wide: bool = False) -> Record:
        """A `Ticket`."""
        shown = {key: value for key, value in row.items() if not key.endswith(("Id", "Ids")) or key in _TICKET_IDS}
        return {
            **shown,
            "ticketType": "SERVICE_REQUEST" if row.get("requestType") == "Service request" else "INCIDENT",
            "client": self._json(self._client(row.get("clientId")), wide),
            "site": self._json(self._site(row.get("siteId")), wide),
            "requester": self._json(self._person("users", row.get("requesterId"), wide), wide),
            "technician": self._json(self._person("technicians", row.get("technicianId"), wide), wide),
            "techGroup": self._json(self._named("groups", "groupId", row.get("techGroupId")), wide),
            "sla": self._json(_choice(row.get("slaId")), wide),
            "additionalRequester": self.leaf(
                [self._person("users", key) for key in row.get("additionalRequesterIds") or []]
            ),
            "followers": self.leaf([self._person("technicians", key) for key in row.get("followerIds") or []]),
            "customFields": self._custom_fields(row),
            "worklogTimespent": "0",
        }

    def client(self, row: Record) -> Record:
        """A `Client`."""
        return {
            **row,
            "accountManager": self.leaf(self._person("technicians", row.get("accountManager"))),
            "primaryContact": self.leaf(self._person("users", row.get("primaryContact"))),
            "hqSite": self.leaf(self._site(row.get("hqSite"))),
            "technicianGroups": self.leaf(
                [self._named("groups", "groupId", key) for key in row.get("technicianGroups") or []]
            ),
            "customFields": self._custom_fields(row),
        }

    def site(self, row: Record, *, wide: bool = False) -> Record:
        """A `ClientSite`, whose client's id comes as a number."""
        client = self._client(row["clientId"])
        if client is not None and self.faults.on("bare_number_ids") and not wide:
            client["accountId"] = int(client["accountId"])
        return {**row, "client": self._json(client, wide)}

    def user(self, row: Record, *, wide: bool = False) -> Record:
        """A `ClientUser`; without client and site where it has several."""
        mine = self.associations_of(row["userId"])
        one = mine[0] if len(mine) == 1 or (mine and not self.faults.on("association_nulls")) else {}
        return {
            **row,
            "name": _name(row),
            "client": self._json(self._client(one.get("clientId")), wide),
            "site": self._json(self._site(one.get("siteId")), wide),
            "role": self._json(_requester_role(row["roleId"]), wide),
            "reportingManager": self.leaf(self._person("users", row.get("reportingManager"))),
            "customFields": self._custom_fields(row),
        }

    def association(self, row: Record, *, wide: bool = False) -> Record:
        """A `ClientUserAssociation`, whose parts are objects and not JSON."""
        client, site = self.store.get("clients", row["clientId"]), self.store.get("sites", row["siteId"])
        user = self.store.get("users", row["userId"])
        return {
            "id": row["id"],
            "client": self.client(client or {}),
            "site": self.site(site or {}, wide=wide),
            "user": self.user(user or {}, wide=wide),
        }

    def person(self, row: Record, *, wide: bool = False) -> Record:
        """A `Technician`."""
        groups = [self._named("groups", "groupId", key) for key in row["groupIds"]]
        return {
            **row,
            "name": _name(row),
            "role": self._json(self._named("roles", "roleId", row["roleId"]), wide),
            "groups": self.leaf(groups),
        }

    def note(self, row: Record) -> Record:
        """A `Note`."""
        return {**row, "addedBy": self.leaf(self._person("technicians", row["addedBy"])), "attachments": []}

    def conversation(self, row: Record) -> Record:
        """A `TicketConversation`."""
        author = self._person("users", row.get("userId"), True) or self._person("technicians", row.get("userId"), True)
        people = {
            name: [{"user": self.leaf({"email": address})} for address in row.get(name) or []]
            for name in ("toUsers", "ccUsers", "bccUsers")
        }
        return {**row, **people, "user": self.leaf(author), "attachments": []}

    def _json(self, value: Any, wide: bool) -> Any:
        return value if wide else self.leaf(value)

    def _client(self, key: Any) -> Record | None:
        return self._named("clients", "accountId", key)

    def _site(self, key: Any) -> Record | None:
        return self._named("sites", "id", key)

    def _named(self, table: str, key_name: str, key: Any) -> Record | None:
        row = self.store.get(table, key) if key else None
        return {key_name: row[key_name], "name": row["name"]} if row else None

    def _person(self, table: str, key: Any, wide: bool = False) -> Record | None:
        row = self.store.get(table, key) if key else None
        if row is None:
            return None
        return {"userId": row["userId"], "name": _name(row), **({"email": row["email"]} if wide else {})}

    def _custom_fields(self, row: Record) -> Callable[..., Any]:
        stored = row.get("customFields") or {}

        def customFields(info: Any, fields: list[str] | None = None) -> Any:
            return self.leaf(stored if fields is None else {key: stored.get(key) for key in fields})

        return customFields


_TICKET_IDS = ("ticketId", "displayId")


def _name(row: Record) -> str:
    return f"{row['firstName']} {row.get('lastName') or ''}".strip()


def _requester_role(key: str) -> Record:
    return next({"roleId": row["roleId"], "name": row["name"]} for row in REQUESTER_ROLES if row["roleId"] == key)


def _choice(key: Any) -> Record | None:
    return next((dict(row) for row in SLAS if row["id"] == key), None)
