"""The emulator's schema against SuperOps' own reference of 01/2026, in the copy that limehawk keeps for programs.

Whatever our schema offers stands there, with the same type; what does not is named here, with where it is from.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, build_schema
from published_rig import fetched
from world import PROJECT

Json = dict[str, Any]

# Not in the reference of 01/2026, but in accounts of the live service since.
LATER_OPERATIONS: Final = {"getAllFields", "getField", "getFields", "createNote"}
LATER_TYPES: Final = {"Field", "FieldOption", "FieldIdentifierInput", "CreateNoteInput"}
LATER_FIELDS: Final = {"RuleConditionInput.joinOperator", "RuleConditionInput.operands"}
# In the reference itself, and lost where it was made machine-readable, behind a text of several lines.
LOST_FIELDS: Final = {"Ticket.worklogTimespent": "String"}


@pytest.fixture(scope="module")
def reference() -> Json:
    found: Json = json.loads(fetched("superops-mcp/packages/msp/docs/api-index.json").read_text())
    return found


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema((PROJECT / "emulators" / "superops" / "schema.graphql").read_text())


def test_each_operation_is_published_with_these_arguments_and_this_result(ours: GraphQLSchema, reference: Json) -> None:
    later = set()
    for root, published in ((ours.query_type, "queries"), (ours.mutation_type, "mutations")):
        known = {each["name"]: each for each in reference[published]}
        assert root is not None
        for name, field in root.fields.items():
            if name not in known:
                later.add(name)
                continue
            asked = {argument["name"]: argument["type"] for argument in known[name]["arguments"]}
            assert {argument: str(given.type) for argument, given in field.args.items()} == asked, name
            assert str(field.type) == known[name]["returns"], name
    assert later == LATER_OPERATIONS


def test_each_type_and_field_is_published(ours: GraphQLSchema, reference: Json) -> None:
    known = {each["name"]: each for each in reference["types"]}
    later_types, later_fields, lost, differing = set(), set(), {}, []
    for name, kind in ours.type_map.items():
        if name.startswith("__") or name in ("Query", "Mutation"):
            continue
        if isinstance(kind, GraphQLEnumType) and name in known:
            assert set(kind.values) == {field["name"] for field in known[name]["fields"]}, name
        elif isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            if name not in known:
                later_types.add(name)
                continue
            published = {field["name"]: field["type"] for field in known[name]["fields"]}
            for field, inner in kind.fields.items():
                place = f"{name}.{field}"
                if field in published:
                    differing += [] if published[field] == str(inner.type) else [place]
                elif place in LOST_FIELDS:
                    lost[place] = str(inner.type)
                else:
                    later_fields.add(place)
    assert differing == []
    assert (later_types, later_fields, lost) == (LATER_TYPES, LATER_FIELDS, LOST_FIELDS)


def test_what_the_program_lost_stands_on_the_page() -> None:
    page = next(fetched("superops-mcp/source-docs").glob("*MSP*.md")).read_text()
    for place, kind in LOST_FIELDS.items():
        assert re.search(rf"^{place.partition('.')[2]} - {kind}\t", page, re.MULTILINE), place


def test_no_input_lacks_what_the_reference_demands(ours: GraphQLSchema, reference: Json) -> None:
    known = {each["name"]: each for each in reference["types"]}
    for name, kind in ours.type_map.items():
        if isinstance(kind, GraphQLInputObjectType) and name in known:
            demanded = {field["name"] for field in known[name]["fields"] if str(field.get("type", "")).endswith("!")}
            assert demanded <= set(kind.fields), name
