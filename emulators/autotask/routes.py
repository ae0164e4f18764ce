"""Which call a path below the version means: the verb matrix of the public schema, in any letter case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from emulators.autotask.entities import ENTITIES, child
from emulators.autotask.errors import no_such_route, wrong_verb
from emulators.autotask.schema import Entity

Action = Literal[
    "query", "next", "previous", "count", "info", "fields", "udfs", "get", "list", "create", "update", "delete"
]
_META: dict[tuple[str, ...], Action] = {
    ("entityinformation",): "info",
    ("entityinformation", "fields"): "fields",
    ("entityinformation", "userdefinedfields"): "udfs",
}
_QUERY: dict[tuple[str, ...], Action] = {
    ("query",): "query",
    ("query", "count"): "count",
    ("query", "next"): "next",
    ("query", "previous"): "previous",
}
_WRITE: dict[str, Action] = {"POST": "create", "PATCH": "update", "PUT": "update"}


@dataclass(frozen=True)
class Route:
    """A call: what to do with which entity; `key` is a record's id, `parent` the id of the record above it."""

    action: Action
    entity: Entity
    key: int | None = None
    parent: int | None = None


def find(method: str, parts: list[str]) -> Route:
    """The call behind a path. Raises the HTML 404 for an unknown path, 405 for a verb that a known path lacks."""
    lower = [part.lower() for part in parts]
    entity = ENTITIES.get(lower[0]) if lower else None
    if entity is None:
        raise no_such_route()
    tail = tuple(lower[1:])
    if tail in _META:
        return _only(method, ("GET",), Route(_META[tail], entity))
    if tail in _QUERY:
        return _only(method, ("GET", "POST"), Route(_QUERY[tail], entity))
    if not tail:
        return _collection(method, entity, entity.writes, None)
    if not tail[0].lstrip("-").isdigit() or len(tail) > 3:
        raise no_such_route()
    key = int(tail[0])
    if len(tail) == 1:
        return _record(method, entity, entity.writes, key, None)
    below = child(entity.name, tail[1])
    if below is None:
        raise no_such_route()
    if len(tail) == 2:
        return _collection(method, below, below.child_writes, key)
    if not tail[2].isdigit():
        raise no_such_route()
    return _record(method, below, below.child_writes, int(tail[2]), key)


def _collection(method: str, entity: Entity, writes: frozenset[str], parent: int | None) -> Route:
    if method == "GET" and parent is not None:
        return Route("list", entity, parent=parent)
    if method in _WRITE and method in writes:
        return Route(_WRITE[method], entity, parent=parent)
    # A collection that takes nothing at all is no route.
    raise wrong_verb(method) if writes - {"DELETE"} or parent is not None else no_such_route()


def _record(method: str, entity: Entity, writes: frozenset[str], key: int, parent: int | None) -> Route:
    if method == "GET":
        return Route("get", entity, key, parent)
    if method == "DELETE" and "DELETE" in writes:
        return Route("delete", entity, key, parent)
    raise wrong_verb(method)


def _only(method: str, allowed: tuple[str, ...], route: Route) -> Route:
    if method not in allowed:
        raise wrong_verb(method)
    return route
