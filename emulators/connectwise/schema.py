"""How records are described: fields with types, limits and references. The tables themselves are in `schema_*`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "integer", "decimal", "flag", "date", "reference", "array", "object"]
INFO_FIELDS = ("lastUpdated", "updatedBy", "dateEntered", "enteredBy")


@dataclass(frozen=True)
class Field:
    """One property of a record.

    `limit` is a length in characters (0: none), `table` the target of a reference, `choices` the allowed words.
    A `read_only` property is ignored when a client sends it; a `create_only` one is refused in PATCH and PUT.
    """

    kind: Kind
    limit: int = 0
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    table: str = ""
    choices: tuple[str, ...] = ()
    default: Any = None


@dataclass(frozen=True)
class Table:
    """A kind of record. `label` is the property that a reference shows as `name`; `extra` what it shows besides."""

    name: str
    entity: str
    fields: dict[str, Field]
    label: str = "name"
    extra: tuple[str, ...] = ()
    parent: str = ""
    path: str = ""
    strict_fields: bool = False
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known.update({name.lower(): name for name in ("id", *self.fields)})

    def kind_of(self, name: str) -> Kind:
        """The kind of a property by its exact name; `id` is an integer in every record."""
        return "integer" if name == "id" else self.fields[name].kind


def text(limit: int = 0, **options: Any) -> Field:
    """A string of at most `limit` characters."""
    return Field("text", limit=limit, **options)


def integer(**options: Any) -> Field:
    """A whole number."""
    return Field("integer", **options)


def decimal(**options: Any) -> Field:
    """A number."""
    return Field("decimal", **options)


def flag(default: bool = False, **options: Any) -> Field:
    """A boolean, false unless told."""
    return Field("flag", default=default, **options)


def date(**options: Any) -> Field:
    """A UTC time as `YYYY-MM-DDTHH:MM:SSZ`."""
    return Field("date", **options)


def ref(table: str, **options: Any) -> Field:
    """A reference; stored as `{"id": n}` and shown with the target's present name."""
    return Field("reference", table=table, **options)


def array(**options: Any) -> Field:
    """A list."""
    return Field("array", **options)


def one_of(*choices: str, **options: Any) -> Field:
    """A string out of a fixed set."""
    return Field("text", choices=choices, **options)


def named(name: str, entity: str, path: str, **fields: Field) -> Table:
    """A list whose rows have a name and little else."""
    return Table(name, entity, {"name": text(50, required=True), **fields}, path=path)
