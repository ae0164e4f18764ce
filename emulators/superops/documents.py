"""Reading a GraphQL document as graphql-java does: its words for what is wrong, and what a field's selection asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from emulators.superops.assumptions import VALIDATION_ERRORS
from emulators.superops.errors import Body

Fragments = Mapping[str, FragmentDefinitionNode]


class InvalidDocument(Exception):
    """A document that is not run at all; `errors` are the entries of the answer, which has no data."""

    def __init__(self, errors: list[Body]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


def read(source: str, schema: GraphQLSchema) -> DocumentNode:
    """Parse and validate. Raises InvalidDocument."""
    try:
        document = parse(source, max_tokens=20_000)
    except GraphQLError as problem:
        place = problem.locations[0] if problem.locations else None
        at = f" at line {place.line} column {place.column}" if place else ""
        message = f"Invalid Syntax : {problem.message.removeprefix('Syntax Error: ')}{at}"
        raise InvalidDocument([_entry(message, problem, "InvalidSyntax")]) from None
    found: list[Body] = []
    for rule in specified_rules:
        found += [_validation_error(rule.__name__, mistake, document) for mistake in validate(schema, document, [rule])]
    if found:
        raise InvalidDocument(found)
    return document


def root_fields(document: DocumentNode, operation: str | None) -> list[FieldNode]:
    """The operations that the request runs, aliases and fragments resolved; `operation` chooses by name."""
    fragments = fragments_of(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            name = definition.name.value if definition.name else None
            if operation in (None, "", name):
                return list(_fields(definition.selection_set, fragments))
    return []


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The document's fragments by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def selected(nodes: list[FieldNode], fragments: Fragments, *path: str) -> set[str]:
    """Names of the fields that are selected below `path` of the given fields."""
    for step in path:
        nodes = [child for child in _children(nodes, fragments) if child.name.value == step]
    return {child.name.value for child in _children(nodes, fragments)}


def invalid_variable(problem: GraphQLError) -> Body:
    """The entry for a variable whose value does not fit its type."""
    return _entry(problem.message, problem, "ValidationError")


def _children(nodes: list[FieldNode], fragments: Fragments) -> Iterator[FieldNode]:
    for node in nodes:
        if node.selection_set is not None:
            yield from _fields(node.selection_set, fragments)


def _fields(selections: SelectionSetNode, fragments: Fragments) -> Iterator[FieldNode]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            yield from _fields(fragments[node.name.value].selection_set, fragments)


def _validation_error(rule: str, problem: GraphQLError, document: DocumentNode) -> Body:
    quoted = re.findall(r"'([^']*)'", problem.message)
    if rule == "ScalarLeafsRule":
        kind = "SubSelectionNotAllowed" if "must not have a selection" in problem.message else "SubSelectionRequired"
        leaf, of = (
            ("not allowed on leaf type", quoted[1]) if kind.endswith("Allowed") else ("required for type", quoted[1])
        )
        text = f"Sub selection {leaf} {of} of field {quoted[0]}"
    elif rule == "FieldsOnCorrectTypeRule":
        kind, text = "FieldUndefined", f"Field '{quoted[0]}' in type '{quoted[1]}' is undefined"
    elif rule == "VariablesInAllowedPositionRule":
        kind = "VariableTypeMismatch"
        text = f"Variable type '{quoted[1]}' doesn't match expected type '{quoted[2]}'"
    else:
        kind = VALIDATION_ERRORS.get(rule, rule.removesuffix("Rule"))
        text = problem.message.partition(" Did you mean ")[0].rstrip(".")
    where = _path(document, problem.nodes[-1] if problem.nodes else None)
    return _entry(f"Validation error of type {kind}: {text}{where}", problem, "ValidationError")


def _path(document: DocumentNode, wanted: Node | None) -> str:
    """Where a node is, as ` @ 'getTicket/client'`; empty outside all fields."""

    def search(node: Node, names: tuple[str, ...]) -> tuple[str, ...] | None:
        here = (*names, node.name.value) if isinstance(node, FieldNode) else names
        if node is wanted:
            return here
        for key in node.keys:
            value = getattr(node, key, None)
            for child in value if isinstance(value, list | tuple) else (value,):
                if isinstance(child, Node) and (found := search(child, here)) is not None:
                    return found
        return None

    names = search(document, ()) if wanted is not None else None
    return f" @ '{'/'.join(names)}'" if names else ""


def _entry(message: str, problem: GraphQLError, classification: str) -> Body:
    places = [{"line": place.line, "column": place.column} for place in problem.locations or ()]
    return {"message": message, "locations": places, "extensions": {"classification": classification}}
