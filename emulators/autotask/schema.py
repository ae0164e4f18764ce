"""How entities are described: one table of fields serves metadata, queries and validation, so they cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["string", "integer", "long", "boolean", "decimal", "datetime"]
Right = Literal["read", "create", "update", "delete"]
NUMBERS = ("integer", "long", "decimal")


@dataclass(frozen=True)
class Field:
    """One property, named as on the wire.

    `length` is in characters (0: none), `reference` the entity that a value points into, `picklist` the list that
    holds its values, `parent` the field whose value a child picklist depends on. A `create_only` field may not be
    changed later. `staff_only` values are null for keys that may not see costs.
    """

    name: str
    kind: Kind = "string"
    length: int = 0
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    queryable: bool = True
    reference: str = ""
    picklist: str = ""
    parent: str = ""
    staff_only: bool = False


@dataclass(frozen=True)
class UserDefinedField:
    """A field that the tenant added; it lives in `userDefinedFields` as `{"name", "value"}`."""

    name: str
    type: str = "string"
    description: str = ""


@dataclass(frozen=True)
class Entity:
    """A kind of record.

    `name` is the collection in paths, `singular` the word of metadata and error texts. `writes` are the verbs on the
    collection itself. A child hangs below `parent` as `/{parent}/{id}/{branch}` and holds the parent's id in `link`;
    `child_writes` are the verbs there.
    """

    name: str
    singular: str
    fields: tuple[Field, ...]
    writes: frozenset[str] = frozenset()
    parent: str = ""
    branch: str = ""
    link: str = ""
    child_writes: frozenset[str] = frozenset()
    udfs: tuple[UserDefinedField, ...] = ()
    webhooks: bool = False
    known: dict[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known.update({each.name.lower(): each for each in (ID, *self.fields)})

    def named(self, name: str) -> Field | None:
        """The field of this name in any letter case, or None."""
        return self.known.get(name.lower())

    def udf(self, name: str) -> UserDefinedField | None:
        """The user-defined field of this name in any letter case, or None."""
        return next((each for each in self.udfs if each.name.lower() == name.lower()), None)

    def can(self, right: Right) -> bool:
        """Whether any credentials at all may do this."""
        verb = {"create": "POST", "update": "PATCH", "delete": "DELETE"}.get(right)
        return verb is None or verb in self.writes | self.child_writes


ID = Field("id", "long", read_only=True)
UPDATES = frozenset({"PATCH", "PUT"})
EVERYTHING = frozenset({"POST", "PATCH", "PUT"})


def text(name: str, length: int = 0, **options: Any) -> Field:
    """A string of at most `length` characters."""
    return Field(name, length=length, **options)


def number(name: str, **options: Any) -> Field:
    """A whole number."""
    return Field(name, "integer", **options)


def flag(name: str, **options: Any) -> Field:
    """A boolean."""
    return Field(name, "boolean", **options)


def moment(name: str, **options: Any) -> Field:
    """A UTC time."""
    return Field(name, "datetime", **options)


def ref(name: str, entity: str, **options: Any) -> Field:
    """The id of a record of another entity; 0 can be one."""
    return Field(name, "integer", reference=entity, **options)


def pick(name: str, picklist: str, **options: Any) -> Field:
    """A picklist value: a string in the metadata, an integer in a record."""
    return Field(name, "integer", picklist=picklist, **options)
