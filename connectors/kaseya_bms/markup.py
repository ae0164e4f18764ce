"""Texts of tickets and notes as BMS keeps them. That they are HTML is [inferred] from what live tickets hold."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Final

_BREAKS: Final = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4"})
_UNSHOWN: Final = frozenset({"script", "style", "head", "title"})


def to_html(text: str) -> str:
    """Plain text as BMS shows it unchanged: escaped, with its line breaks."""
    return "<br/>".join(html.escape(line, quote=False) for line in text.replace("\r\n", "\n").split("\n"))


def to_text(markup: str) -> str:
    """The words of a text that may be HTML, with line breaks where it shows any."""
    reader = _Words()
    reader.feed(markup)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        if tag in _UNSHOWN:
            self._hidden += 1
        elif tag == "br" or (tag in _BREAKS and self.words and not self.words[-1].endswith("\n")):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSHOWN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BREAKS and tag != "br":
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)
