"""A letter as a page of ours: mail programs want inline styles, our pages allow none.

So each style becomes a class, and the style sheet that defines the classes is an address of its own. Nothing in a
preview leads anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Preview:
    """The page, and the style sheet that belongs to it."""

    page: str
    style: str


def of_letter(html: str, *, style_address: str, logo_address: str) -> Preview:
    """The preview of a letter's HTML; ``cid:logo`` becomes ``logo_address``."""
    rewriter = _Rewriter(style_address, logo_address)
    rewriter.feed(html)
    rewriter.close()
    classes = "".join(f".{name} {{ {style} }}\n" for style, name in rewriter.classes.items())
    return Preview("".join(rewriter.page), classes + "".join(rewriter.rules))


class _Rewriter(HTMLParser):
    """Copies a letter, with classes for styles. Letters are our own templates, so their markup is known to be sound."""

    def __init__(self, style_address: str, logo_address: str) -> None:
        super().__init__(convert_charrefs=False)
        self.page: list[str] = []
        self.rules: list[str] = []
        self.classes: dict[str, str] = {}
        self._style_address, self._logo_address = style_address, logo_address
        self._in_style = False

    def handle_decl(self, decl: str) -> None:
        """The doctype."""
        self.page.append(f"<!{decl}>")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element, with a class for its style."""
        if tag == "style":
            self._in_style = True
            # Browsers ask for a picture for the tab where a page names none.
            self.page.append('<link rel="icon" href="data:,">')
            self.page.append(f'<link rel="stylesheet" href="{escape(self._style_address)}">')
            return
        known = {name: value or "" for name, value in attrs}
        style = known.pop("style", "")
        if style:
            name = self.classes.setdefault(style, f"s{len(self.classes) + 1}")
            known["class"] = f"{known.get('class', '')} {name}".strip()
        if "href" in known:
            known["href"] = "#"
        if known.get("src") == "cid:logo":
            known["src"] = self._logo_address
        written = (f' {name}="{escape(value)}"' for name, value in known.items())
        self.page.append(f"<{tag}{''.join(written)}>")

    def handle_endtag(self, tag: str) -> None:
        """The end of an element."""
        if tag == "style":
            self._in_style = False
        else:
            self.page.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Text, or the rules of the head."""
        (self.rules if self._in_style else self.page).append(data)

    def handle_entityref(self, name: str) -> None:
        """As it stands."""
        self.page.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """As it stands."""
        self.page.append(f"&#{name};")
