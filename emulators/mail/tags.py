"""Finds the start tags of an HTML text as a browser's tokenizer does, in one pass.

Python's own parser takes minutes for a few thousand tags that are never closed, and some of its releases stop at the
conditional comments of office mail.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

_BEGIN = re.compile(r"<(?:(?P<comment>!--)|(?P<name>[a-zA-Z][^\s/>]*+))")
_NAME = re.compile(r"[\s/]*+(?P<name>=?[^\s/>=]*+)")
_EQUALS = re.compile(r"\s*+=\s*+")
_BARE = re.compile(r"[^\s>]*+")
_REFERENCE = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[0-9A-Za-z]+(?:;|(?![=0-9A-Za-z])))")
# Between these and their end tag all is text.
_TEXT_ONLY = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})


@dataclass(frozen=True)
class Tag:
    """A start tag: its name and attributes' names in small letters, values decoded (None without `=`), its stretch.

    Of doubled attributes only the first is here, as in a browser.
    """

    name: str
    attributes: dict[str, str | None]
    start: int
    end: int


def start_tags(html: str) -> Iterator[Tag]:
    """The start tags in their order, those in comments and scripts left out; a tag that never ends ends the text."""
    at = 0
    while found := _BEGIN.search(html, at):
        if found["comment"]:
            # <!--> and <!---> are whole comments.
            end = html.find("-->", found.end() - 2)
            if end < 0:
                return
            at = end + 3
            continue
        attributes, at = _attributes(html, found.end())
        if at < 0:
            return
        name = found["name"].lower()
        yield Tag(name, attributes, found.start(), at)
        if name in _TEXT_ONLY:
            closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(html, at)
            if closing is None:
                return
            at = closing.end()


def written(name: str, attributes: dict[str, str | None]) -> str:
    """The tag as text."""
    values = (each if value is None else f'{each}="{entities.escape(value)}"' for each, value in attributes.items())
    return f"<{' '.join([name, *values])}>"


def _attributes(html: str, at: int) -> tuple[dict[str, str | None], int]:
    """The attributes from `at` on, and where the tag ends; -1 where it does not."""
    attributes: dict[str, str | None] = {}
    while True:
        name = _NAME.match(html, at)
        assert name is not None
        at = name.end()
        if not name["name"]:
            return attributes, at + 1 if at < len(html) else -1
        value: str | None = None
        if equals := _EQUALS.match(html, at):
            value, at = _value(html, equals.end())
            if at < 0:
                return attributes, -1
        attributes.setdefault(name["name"].lower(), value)


def _value(html: str, at: int) -> tuple[str, int]:
    quote = html[at : at + 1]
    if quote and quote in "\"'":
        end = html.find(quote, at + 1)
        return _decoded(html[at + 1 : end]), end + 1 if end >= 0 else -1
    bare = _BARE.match(html, at)
    assert bare is not None
    return _decoded(bare.group()), bare.end()


def _decoded(value: str) -> str:
    """Without character references. In an attribute `&copy=` is no reference: it stands in many an address."""
    return _REFERENCE.sub(
        lambda found: entities.unescape(found[0]) if found[1][0] == "#" else html5.get(found[1], found[0]), value
    )
