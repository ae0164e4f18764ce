"""The query language of `conditions`, `childConditions` and `customFieldConditions`.

The grammar is the one the fact sheet infers from the developer guide; comparisons follow the usual collation of the
database behind ConnectWise: text without regard to case, and nothing compares with null except `= null`, `!= null`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulators.connectwise.errors import bad_condition
from emulators.connectwise.schema import INFO_FIELDS, Kind, Table
from emulators.connectwise.tables import TABLES

Predicate = Callable[[dict[str, Any]], bool]
Resolver = Callable[[str], tuple[tuple[str, ...], Kind]]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      |(?P<date>\[[^\[\]]*\])
      |(?P<number>[+-]?\d+(?:\.\d+)?(?![\w/]))
      |(?P<op><=|>=|!=|<>|=|<|>)
      |(?P<punct>[(),])
      |(?P<word>[A-Za-z_][\w]*(?:/[A-Za-z_][\w]*)*))""",
    re.VERBOSE,
)
_DEEPEST = 40


@dataclass(frozen=True)
class Token:
    """A lexeme: `kind` names the group of the grammar, `text` is what was written."""

    kind: str
    text: str


@dataclass(frozen=True)
class Value:
    """A literal and the kind it was written as (`string`, `number`, `date`, `flag` or `null`)."""

    kind: str
    value: Any


def compile_conditions(source: str, resolve: Resolver) -> Predicate:
    """Turn a condition string into a test on one rendered record. Raises the 400 answer for a faulty string."""
    return _Parser(_tokens(source), resolve).parse()


def table_resolver(table: Table) -> Resolver:
    """Field look-up for `conditions` and `orderBy`: any letter case, one step into a reference, `_info` by name."""

    def resolve(name: str) -> tuple[tuple[str, ...], Kind]:
        first, *rest = name.split("/")
        known = table.known.get(first.lower())
        info = {field.lower(): field for field in INFO_FIELDS}
        if first.lower() == "_info" and len(rest) == 1 and rest[0].lower() in info:
            first, rest, known = rest[0], [], None
        if known is None and not rest and first.lower() in info:
            return ("_info", info[first.lower()]), "date" if first.lower().startswith(("last", "date")) else "text"
        if known is None:
            raise _unknown(name)
        kind = table.kind_of(known)
        if kind == "reference":
            return (known, *_reference_step(table.fields[known].table, rest, name)), _reference_kind(rest)
        if rest or kind in ("array", "object"):
            raise _unknown(name)
        return (known,), kind

    return resolve


def member_resolver(prefix: str, table: Table | None) -> Resolver:
    """Field look-up inside the members of an array: `prefix/field` (no prefix for custom fields)."""

    def resolve(name: str) -> tuple[tuple[str, ...], Kind]:
        inner = name
        if prefix:
            first, _, inner = name.partition("/")
            if first.lower() != prefix.lower() or not inner:
                raise _unknown(name)
        if table is not None:
            return table_resolver(table)(inner)
        return (inner,), "object"

    return resolve


def _reference_step(target: str, rest: list[str], name: str) -> tuple[str, ...]:
    if not rest:
        return ()
    allowed = {part.lower(): part for part in ("id", "name", *TABLES[target].extra)}
    if TABLES[target].label == "summary":
        allowed["summary"] = "summary"
    if len(rest) > 1 or rest[0].lower() not in allowed:
        raise _unknown(name)
    return (allowed[rest[0].lower()],)


def _reference_kind(rest: list[str]) -> Kind:
    if not rest:
        return "reference"
    return "integer" if rest[0].lower() in ("id", "sort") else "text"


def _unknown(name: str) -> Exception:
    return bad_condition(f"Invalid column or unsupported field in conditions: {name}")


def _tokens(source: str) -> list[Token]:
    tokens, position = [], 0
    end = len(source.rstrip())
    while position < end:
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            raise bad_condition(f"String was not expected near position {position}.")
        tokens.append(Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[Token], resolve: Resolver) -> None:
        self.tokens, self.resolve, self.at, self.depth = tokens, resolve, 0, 0

    def parse(self) -> Predicate:
        if not self.tokens:
            raise bad_condition("The conditions are empty.")
        predicate = self.either()
        if self.at < len(self.tokens):
            raise bad_condition(f"Unexpected '{self.tokens[self.at].text}' in conditions.")
        return predicate

    def peek_word(self, *words: str) -> bool:
        if self.at >= len(self.tokens):
            return False
        token = self.tokens[self.at]
        return token.kind in ("word", "punct") and token.text.lower() in words

    def take(self) -> Token:
        if self.at >= len(self.tokens):
            raise bad_condition("The conditions end too early.")
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.peek_word("or"):
            self.at += 1
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)

    def both(self) -> Predicate:
        parts = [self.factor()]
        while self.peek_word("and"):
            self.at += 1
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def factor(self) -> Predicate:
        if not self.peek_word("("):
            return self.comparison()
        self.at += 1
        self.depth += 1
        if self.depth > _DEEPEST:
            raise bad_condition("The conditions are nested too deep.")
        inner = self.either()
        self.expect(")")
        self.depth -= 1
        return inner

    def expect(self, text: str) -> None:
        if self.take().text != text:
            raise bad_condition(f"Expected '{text}' in conditions.")

    def comparison(self) -> Predicate:
        name = self.take()
        if name.kind != "word":
            raise bad_condition(f"Expected a field name, not '{name.text}'.")
        path, kind = self.resolve(name.text)
        negated = self.peek_word("not")
        self.at += negated
        if self.peek_word("contains", "like"):
            word = self.take().text.lower()
            return _text_match(path, word, self.literal("text", name.text).value, negated)
        if self.peek_word("in"):
            return self.membership(path, kind, name.text, negated)
        operator = self.take()
        if operator.kind != "op" or negated:
            raise bad_condition(f"Expected an operator after '{name.text}', not '{operator.text}'.")
        return _compare(path, "!=" if operator.text == "<>" else operator.text, self.literal(kind, name.text))

    def membership(self, path: tuple[str, ...], kind: Kind, name: str, negated: bool) -> Predicate:
        self.at += 1
        self.expect("(")
        values = [self.literal(kind, name)]
        while self.peek_word(","):
            self.at += 1
            values.append(self.literal(kind, name))
        self.expect(")")
        tests = [_compare(path, "=", value) for value in values]
        return lambda record: _present(record, path) and any(test(record) for test in tests) is not negated

    def literal(self, kind: Kind, name: str) -> Value:
        token = self.take()
        value = _literal(token)
        wanted = {
            "text": ("string",),
            "integer": ("number",),
            "decimal": ("number",),
            "flag": ("flag",),
            "date": ("date",),
            "reference": (),
            "array": (),
            "object": ("string", "number", "flag", "date"),
        }[kind]
        if value.kind != "null" and value.kind not in wanted:
            raise bad_condition(f"Expected a {kind} value for '{name}', not '{token.text}'.")
        return value


def _literal(token: Token) -> Value:
    if token.kind == "string":
        return Value("string", re.sub(r"\\(.)", r"\1", token.text[1:-1]))
    if token.kind == "number":
        return Value("number", float(token.text))
    if token.kind == "date":
        return Value("date", parse_time(token.text[1:-1]))
    word = token.text.lower()
    if word in ("true", "false"):
        return Value("flag", word == "true")
    if word == "null":
        return Value("null", None)
    raise bad_condition(f"Expected a boolean value, not a numeric or string value: {token.text}")


def parse_time(text: str) -> datetime:
    """An ISO date or time as an aware UTC time. Raises the 400 answer for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise bad_condition(f"'{text}' is not a valid date.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def value_at(record: Any, path: tuple[str, ...]) -> Any:
    """The value under a path of property names, or None where a step is missing."""
    for step in path:
        if not isinstance(record, dict):
            return None
        record = record.get(step)
    return record


def _present(record: dict[str, Any], path: tuple[str, ...]) -> bool:
    return value_at(record, path) is not None


def like_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression of a LIKE pattern: `%` and `*` match anything, `[x]` one character out of a set."""
    parts = re.split(r"(\[[^\]]+\]|[%*])", pattern)
    pieces = []
    for part in parts:
        if part in ("%", "*"):
            pieces.append(".*")
        elif len(part) > 2 and part.startswith("[") and part.endswith("]"):
            pieces.append("[" + re.escape(part[1:-1]) + "]")
        else:
            pieces.append(re.escape(part))
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def _text_match(path: tuple[str, ...], word: str, wanted: Any, negated: bool) -> Predicate:
    if not isinstance(wanted, str):
        raise bad_condition(f"{word} needs a string.")
    pattern = like_pattern(wanted)

    def test(record: dict[str, Any]) -> bool:
        value = value_at(record, path)
        if value is None:
            return False
        found = wanted.lower() in str(value).lower() if word == "contains" else bool(pattern.fullmatch(str(value)))
        return found is not negated

    return test


def _compare(path: tuple[str, ...], operator: str, wanted: Value) -> Predicate:
    if wanted.kind == "null":
        if operator not in ("=", "!="):
            raise bad_condition("null can only be compared with = or !=.")
        return lambda record: _present(record, path) is (operator == "!=")

    def test(record: dict[str, Any]) -> bool:
        found = value_at(record, path)
        if found is None:
            return False
        left, right = _comparable(found, wanted)
        if left is None:
            return operator == "!="
        return bool({"=": left == right, "!=": left != right}.get(operator, _ordered(left, right, operator)))

    return test


def _comparable(found: Any, wanted: Value) -> tuple[Any, Any]:
    if wanted.kind == "date":
        return parse_time(str(found)), wanted.value
    if wanted.kind == "string":
        return str(found).lower(), wanted.value.lower()
    if wanted.kind == "flag":
        return (found, wanted.value) if isinstance(found, bool) else (None, None)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None, None
    return float(found), wanted.value


def _ordered(left: Any, right: Any, operator: str) -> bool:
    if operator.startswith("<"):
        return bool(left < right or (operator == "<=" and left == right))
    return bool(left > right or (operator == ">=" and left == right))
