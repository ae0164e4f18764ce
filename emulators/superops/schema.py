"""The GraphQL schema in three generations: `classic`, `current` and `future`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    REMOVE,
    FieldDefinitionNode,
    GraphQLSchema,
    Visitor,
    VisitorAction,
    build_ast_schema,
    parse,
    visit,
)

GENERATIONS = ("classic", "current", "future")
# What a generation has not, as far as live accounts tell: the Field API came in 2026, and createNote is published but
# was still refused.
_LACKS: dict[str, frozenset[str]] = {
    "classic": frozenset({"getAllFields", "getField", "getFields", "createNote"}),
    "current": frozenset({"createNote"}),
    "future": frozenset({"createTicketNote"}),
}


@cache
def schema(generation: str) -> GraphQLSchema:
    """The executable schema of a generation. Its scalar JSON takes and gives any value as it is."""
    document = parse((Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8"), no_location=True)
    return build_ast_schema(visit(document, _Without(_LACKS[generation])))


class _Without(Visitor):
    """Takes out the operations of these names."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self.names = names

    def enter_field_definition(self, node: FieldDefinitionNode, *_: Any) -> VisitorAction:
        """Take the operation out, or leave it."""
        return REMOVE if node.name.value in self.names else None
