"""What a security level lacks, one right at a time, and the six ways in which Autotask shows it."""

from __future__ import annotations

from emulators.autotask.entities import ENTITIES
from emulators.autotask.errors import ApiError, forbidden, no_permission, refused
from emulators.autotask.schema import Entity, Right

IMPERSONATED = ("Tickets", "TicketNotes", "Contacts", "Companies")
_VERBS: tuple[Right, ...] = ("read", "create", "update", "delete")
_WAYS_OF_READING = ("403", "500", "empty", "fewer", "not found", "null")
_WAYS_OF_WRITING = ("403", "500")


def known_rights() -> tuple[str, ...]:
    """Every right, as `create Tickets`; `impersonate Tickets` is to act as a resource there."""
    doing = [f"{verb} {each.name}" for each in ENTITIES.values() for verb in _VERBS if each.can(verb)]
    return (*doing, *(f"impersonate {name}" for name in IMPERSONATED), "impersonate contact")


def read_missing(value: object) -> dict[str, str]:
    """A check for the switchboard. Raises ValueError with a sentence."""
    if not isinstance(value, dict):
        raise ValueError("an object of rights")
    for right, way in value.items():
        if right not in known_rights():
            raise ValueError(f"rights, and there is no {right!r}. There are: {', '.join(known_rights())}")
        ways = _WAYS_OF_READING if right.startswith("read ") else _WAYS_OF_WRITING
        if way not in ways:
            raise ValueError(f"for {right!r} one of {', '.join(ways)}")
    return dict(value)


class Rights:
    """The rights of one caller."""

    def __init__(self, missing: dict[str, str]) -> None:
        self._missing = missing

    def way(self, right: str) -> str:
        """How the lack of a right shows; empty where it is not lacking."""
        return self._missing.get(right, "")

    def access(self, entity: Entity, right: Right) -> str:
        """All, Restricted or None, the words of entityInformation."""
        if not entity.can(right):
            return "None"
        return {"": "All", "fewer": "Restricted", "null": "All"}.get(self.way(f"{right} {entity.name}"), "None")

    def demand(self, entity: Entity, right: Right) -> None:
        """Raise what a lacking right raises; `empty`, `fewer` and `null` raise nothing, the rows are left out later."""
        refusal = self.refusal(f"{right} {entity.name}", entity, right)
        if refusal is not None:
            raise refusal

    def refusal(self, right: str, entity: Entity, doing: str) -> ApiError | None:
        """The refusal for a lacking right, or None."""
        return {
            "403": forbidden(),
            "500": no_permission(entity.singular, doing),
        }.get(self.way(right))

    def hides_by_id(self, entity: Entity) -> ApiError | None:
        """The 500 with which a read by id hides a record, where that is how the lack shows."""
        if self.way(f"read {entity.name}") != "not found":
            return None
        return refused(f"The {entity.singular} could not be found.")
