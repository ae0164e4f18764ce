"""Letters to end users: a folder of templates for each, filled with the tenant's letterhead and a closed list of facts.

Templates are files of ours; what a tenant or a PSA wrote is only ever a value in them, so ``{{7*7}}`` stays text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from podserver.branding import colours
from podserver.configuration import PROJECT


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a tenant's letters and spoken words look like.

    ``msp`` is the name that end users know, ``accent`` a colour as #rrggbb that white can be read on, ``phone`` the
    help desk's number as it is written, ``language`` a tag such as en-US. ``signature`` and ``footer`` are plain
    text, lines kept.
    """

    msp: str
    accent: str = "#2457d6"
    signature: str = ""
    footer: str = ""
    phone: str = ""
    language: str = "en-US"
    logo: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in both forms. The HTML names the logo as ``cid:logo`` where the letterhead has one."""

    subject: str
    text: str
    html: str
    logo: bool

    def payload(self, address: str, name: str, life: int) -> dict[str, Any]:
        """The outbox payload of the mail channel; ``life`` is in seconds, 0 where it does not run out."""
        return {
            "to": address,
            "name": name,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "logo": self.logo,
            "life": life,
        }


def compose(kind: str, letterhead: Letterhead, **facts: Any) -> Letter:
    """The letter of a folder of ``templates/letters``; a fact that a template wants and nobody gave is an error."""
    known = {"letterhead": letterhead, "accent_on_dark": colours.on_dark(letterhead.accent), **facts}
    subject, text, html = (
        _environment().get_template(f"{kind}/{part}").render(known) for part in ("subject.txt", "body.txt", "body.html")
    )
    return Letter(" ".join(subject.split()), text.strip() + "\n", html, letterhead.logo)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PROJECT / "templates" / "letters"),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
