"""Notes as Halo keeps them: HTML without scripts, and the plain text that is drawn from it."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

_KEPT = frozenset(
    [
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "hr",
        "i",
        "li",
        "ol",
        "p",
        "pre",
        "small",
        "span",
        "strong",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
_BREAKS = frozenset(
    ["blockquote", "br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "hr", "li", "p", "pre", "summary", "table", "tr"]
)
_LOST = frozenset({"script", "style", "iframe", "object"})


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.html: list[str] = []
        self.text: list[str] = []
        self._lost = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LOST:
            self._lost += 1
        elif not self._lost and tag in _KEPT:
            target = dict(attrs).get("href") or ""
            safe = tag == "a" and target.startswith(("https://", "http://", "mailto:"))
            self.html.append(f'<a href="{escape(target)}" rel="noreferrer">' if safe else f"<{tag}>")
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _LOST:
            self._lost = max(0, self._lost - 1)
        elif not self._lost and tag in _KEPT and tag not in ("br", "hr"):
            self.html.append(f"</{tag}>")
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._lost:
            self.html.append(escape(data))
            self.text.append(data)

    def _break(self, tag: str) -> None:
        if tag in _BREAKS and self.text and not self.text[-1].endswith("\n"):
            self.text.append("\n")


def clean(html: str) -> tuple[str, str]:
    """`(html, text)`: the HTML without what a note may not hold, and its plain text."""
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return "".join(cleaner.html), "".join(cleaner.text).strip()


def from_text(text: str) -> str:
    """Plain text as HTML."""
    return f"<p>{escape(text)}</p>".replace("\n", "<br>")
