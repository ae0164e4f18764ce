"""A file of policies read back, checked to the last setting before anything is changed.

It is read node by node, each by what its place takes and not by what YAML takes it for (``no`` is a company's name
where a name stands), so every refusal knows its line. Aliases, anchors and tags are refused: no policy needs them,
and they are how a small file becomes a large one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import yaml

from podserver.integrations.models import Integration
from podserver.policies.file import FORMAT, TRUTH, VERSION, names_of, one_line
from podserver.policies.plan import Wanted
from podserver.policies.policy import DEFAULT, OUTCOMES, RANGES, SETTINGS, BadPolicy, clean
from podserver.policies.service import EVERYBODY, Client
from podserver.verification.methods import NAMES

# What a page takes; the shell takes more.
LARGEST: Final = 200_000
LARGEST_ON_THE_SHELL: Final = 5_000_000
MOST_PROBLEMS: Final = 20
_DEEPEST: Final = 6
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CLIENT_KEYS: Final = ("integration", "company", "name", "settings")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and where; lines and columns begin at 1, 0 where there is no one place."""

    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        return f"Line {self.line}, column {self.column}: {self.sentence}" if self.line else self.sentence


class BadFile(ValueError):
    """The file cannot be applied, and nothing of it was."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read(data: bytes, integrations: Sequence[Integration], *, largest: int = LARGEST) -> list[Wanted]:
    """What a file wants, checked to the last setting. Raises BadFile with every problem found, or the first twenty."""
    reader = _Reader(integrations)
    try:
        wanted = reader.document(_root(_decoded(data, largest)))
    except yaml.YAMLError as error:
        raise BadFile([_yaml_problem(error)]) from None
    if reader.problems:
        raise BadFile(reader.problems[:MOST_PROBLEMS])
    return wanted


def _decoded(data: bytes, largest: int) -> str:
    if len(data) > largest:
        raise BadFile([Problem(0, 0, f"The file is larger than {largest // 1000} KB, the most that is taken here.")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise BadFile([Problem(line, column, "This is not UTF-8. Save the file as UTF-8 text.")]) from None


def _root(text: str) -> Any:
    """The root node. Refuses, before anything is built, what no policy needs."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse(event, "Anchors and aliases (& and *) are not taken. Write each value out.")
        if getattr(event, "tag", None) not in (None, "!"):
            _refuse(event, "Tags (!) are not taken. Write the plain value.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            _refuse(event, "This is nested deeper than any policy.")
    node = yaml.compose(text, Loader=_LOADER)
    if node is None:
        raise BadFile([Problem(0, 0, "The file is empty.")])
    return node


def _refuse(event: Any, sentence: str) -> None:
    raise BadFile([Problem(event.start_mark.line + 1, event.start_mark.column + 1, sentence)])


def _yaml_problem(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = one_line(str(getattr(error, "problem", "") or getattr(error, "reason", "") or "it cannot be read"))
    sentence = f"This is not YAML: {said}."
    return Problem(mark.line + 1, mark.column + 1, sentence) if mark is not None else Problem(0, 0, sentence)


class _Reader:
    """Walks the nodes and collects what is wrong with them."""

    def __init__(self, integrations: Sequence[Integration]) -> None:
        self._integrations = {name: number for number, name in names_of(integrations).items()}
        self.problems: list[Problem] = []

    def document(self, root: Any) -> list[Wanted]:
        parts = dict(self._items(root, (FORMAT, "default", "clients"), "a file of policies"))
        if isinstance(root, yaml.MappingNode) and FORMAT not in parts:
            self._say(root, f"This is not a file of policies: it does not begin with `{FORMAT}: {VERSION}`.")
        elif FORMAT in parts and self._text(parts[FORMAT]) != str(VERSION):
            self._say(parts[FORMAT], f"This podserver reads version {VERSION} of the file.")
        wanted = []
        if "default" in parts:
            wanted.append(Wanted(EVERYBODY, self._settings(parts["default"])))
        known: dict[str, int] = {}
        for node in self._list(parts["clients"], "The clients") if "clients" in parts else ():
            client = self._client(node)
            if client is None:
                continue
            if client.client.key in known:
                self._say(node, f"This client stands in line {known[client.client.key]} already.")
            known[client.client.key] = node.start_mark.line + 1
            wanted.append(client)
        return wanted

    def _client(self, node: Any) -> Wanted | None:
        parts = dict(self._items(node, _CLIENT_KEYS, "a client"))
        missing = [key for key in _CLIENT_KEYS if key not in parts]
        if missing:
            if isinstance(node, yaml.MappingNode):
                self._say(node, f"This client has no {' and no '.join(missing)}.")
            return None
        integration = self._text(parts["integration"])
        company, name = self._text(parts["company"]), one_line(self._text(parts["name"]))
        settings = self._settings(parts["settings"])
        number = self._integrations.get(integration)
        if number is None:
            there = ", ".join(self._integrations) or "none yet"
            self._say(parts["integration"], f"There is no integration {integration[:80]!r}; there are: {there}.")
        if not company or len(company) > 40 or not company.isprintable() or "/" in company:
            self._say(parts["company"], "This is the PSA's id of the company, 40 characters at most.")
        if not name or len(name) > 160:
            self._say(parts["name"], "A client's name has 1 to 160 characters.")
        return Wanted(Client(number or 0, company, name), settings)

    def _settings(self, node: Any) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        for name, value in self._items(node, SETTINGS, "settings"):
            read = self._value(name, value)
            if read is None:
                continue
            try:
                settings |= clean({name: read}, NAMES)
            except BadPolicy as error:
                self._say(value, f"{name}: {error}")
        return settings

    def _value(self, name: str, node: Any) -> Any:
        """The value in the stored form; None where it is wrong and that has been said."""
        if isinstance(getattr(DEFAULT, name), tuple):
            allowed = sorted(NAMES) if name == "methods" else list(OUTCOMES)
            each = [(self._text(part), part) for part in self._list(node, name)]
            for word, part in each:
                if word not in allowed:
                    self._say(part, f"There is no {word[:40]!r} for {name}{_close(word, allowed)}")
            wrong = not isinstance(node, yaml.SequenceNode) or any(word not in allowed for word, _part in each)
            return None if wrong else [word for word, _part in each]
        text = self._text(node)
        if name in RANGES:
            # Decimal and nothing else: YAML would take 010 for eight and 1:30 for ninety.
            return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,8}", text) else text
        if isinstance(getattr(DEFAULT, name), bool):
            return TRUTH.get(text.casefold(), text)
        return text

    def _items(self, node: Any, keys: Sequence[str], what: str) -> Iterator[tuple[str, Any]]:
        if not isinstance(node, yaml.MappingNode):
            self._say(node, f"Here stands {what}: lines of `name: value`.")
            return
        seen: set[str] = set()
        for key_node, value in node.value:
            key = self._text(key_node)
            if key not in keys:
                self._say(key_node, f"There is no {key[:40]!r} in {what}{_close(key, keys)}")
            elif key in seen:
                self._say(key_node, f"{key} stands here twice.")
            else:
                seen.add(key)
                yield key, value

    def _list(self, node: Any, what: str) -> Sequence[Any]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self._say(node, f"{what}: here stands a list, each on a line that begins with a dash.")
        return ()

    def _text(self, node: Any) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self._say(node, "Here stands one value, not a list or more settings.")
        return ""

    def _say(self, node: Any, sentence: str) -> None:
        problem = Problem(node.start_mark.line + 1, node.start_mark.column + 1, sentence)
        # One node says one thing.
        if not self.problems or (self.problems[-1].line, self.problems[-1].column) != (problem.line, problem.column):
            self.problems.append(problem)


def _close(word: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown word: the one that was meant, or all there are."""
    near = get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}."
