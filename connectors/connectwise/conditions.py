"""ConnectWise's query language for ``conditions``, built so that a value can never become syntax.

Values of the product's own are numbers and booleans; text of people is quoted, and characters that mean something
inside or outside a quoted string are refused instead of escaped, because servers differ in how they read escapes.
Text that is refused raises Rejected with a sentence; a wrong field name is a programming error (ValueError).
"""

from __future__ import annotations

import re
from typing import Final

from connectors.base import NotFound, Rejected

LONGEST_TEXT: Final = 100
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(/[A-Za-z][A-Za-z0-9]*)*")
_PUNCTUATION: Final = frozenset(" .,'&@-/()+#!:")
_REF: Final = re.compile(r"[1-9][0-9]{0,9}")


def equals(field: str, value: str | int | bool) -> str:
    """``field=value``."""
    return f"{_name(field)}={quoted(value)}"


def contains(field: str, text: str) -> str:
    """``field contains "text"``; ConnectWise compares without regard to case."""
    return f"{_name(field)} contains {quoted(text)}"


def all_of(*conditions: str) -> str:
    """Conditions joined by ``and``; empty ones are left out."""
    return " and ".join(condition for condition in conditions if condition)


def any_of(*conditions: str) -> str:
    """Conditions of which one is enough, in brackets."""
    return f"({' or '.join(conditions)})"


def quoted(value: str | int | bool) -> str:
    """One literal: ``true``, ``12`` or ``"text"``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if len(value) > LONGEST_TEXT:
        raise Rejected(f"ConnectWise can be searched for at most {LONGEST_TEXT} characters.")
    for character in value:
        if not (character.isalnum() or character in _PUNCTUATION):
            shown = f"the character {character}" if character.isprintable() else "control characters"
            raise Rejected(f"ConnectWise cannot be searched for {shown}. Leave it out.")
    return f'"{value}"'


def record_id(ref: str, thing: str) -> int:
    """The number in a reference. Raises NotFound for text that cannot be the id of a record."""
    if not _REF.fullmatch(ref) or int(ref) > 2**31 - 1:
        raise NotFound(f"ConnectWise has no such {thing}: its number must be a whole number above 0.")
    return int(ref)


def _name(field: str) -> str:
    if not _FIELD.fullmatch(field):
        raise ValueError("not the name of a ConnectWise field")
    return field
