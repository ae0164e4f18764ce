"""How the tenant looks towards its clients' users: what may be saved, and the letterhead that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from podserver.accounts.models import Msp
from podserver.branding import colours, logo
from podserver.branding.letters import Letterhead
from podserver.branding.models import Branding
from podserver.delivery.spoken import LANGUAGES
from podserver.history.service import Entry, Kind, record
from podserver.security import sealing
from podserver.tenancy import across_tenants

LONGEST_TEXT: Final = 600
MOST_LINES: Final = 8
_PHONE: Final = frozenset("0123456789 +()/.-")


class BadInput(ValueError):
    """A field is wrong; the message is a sentence for the admin, ``field`` the field's name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Look:
    """What an admin decides. ``signature`` and ``footer`` are plain text whose lines are kept."""

    accent: str
    signature: str = ""
    footer: str = ""
    phone: str = ""
    language: str = "en-US"


def branding(session: Session) -> Branding | None:
    """The bound tenant's branding, if it has saved one."""
    return session.scalar(select(Branding))


def by_public_key(session: Session, public_key: str) -> Branding | None:
    """The branding that a public address names, of whatever tenant."""
    with across_tenants(session):
        return session.scalar(select(Branding).where(Branding.public_key == public_key))


def letterhead(session: Session, tenant: Msp) -> Letterhead:
    """The letterhead of the bound tenant; podserver's own look where nothing was saved."""
    found = session.execute(
        select(
            Branding.accent, Branding.signature, Branding.footer, Branding.phone, Branding.language,
            Branding.logo.is_not(None).label("logo"),
        )
    ).one_or_none()  # fmt: skip
    return Letterhead(tenant.name, *found) if found is not None else Letterhead(tenant.name)


def logo_of(session: Session) -> bytes | None:
    """The bound tenant's logo as PNG."""
    return session.scalar(select(Branding.logo))


def style_sheet(accent: str) -> str:
    """The tenant's colour as custom properties for our pages, on light grounds and on dark ones; nothing else."""
    light, dark = colours.read(accent), colours.on_dark(accent)
    return (
        f":root {{\n{_properties(light, colours.WHITE, colours.tint(light, colours.WHITE, 0.12))}}}\n"
        "@media (prefers-color-scheme: dark) {\n"
        f":root {{\n{_properties(dark, colours.DARK_INK, colours.tint(dark, colours.DARK_GROUND, 0.18))}}}\n}}\n"
    )


def _properties(accent: str, text: str, soft: str) -> str:
    return f"  --accent: {accent};\n  --accent-text: {text};\n  --accent-soft: {soft};\n"


def clean(look: Look) -> Look:
    """The look as it is stored. Raises BadInput."""
    try:
        accent = colours.read(look.accent)
    except ValueError:
        raise BadInput("A colour is # and six digits, such as #2457d6.", "accent") from None
    if not colours.carries_white(accent):
        raise BadInput(
            f"White cannot be read on {accent}: its contrast is {colours.contrast(accent, colours.WHITE):.1f}, and "
            f"{colours.READABLE} is needed. The nearest colour that works is {colours.darkened(accent)}.",
            "accent",
        )
    phone = " ".join(look.phone.split())
    if len(phone) > 40 or not set(phone) <= _PHONE or (phone and sum(c.isdigit() for c in phone) < 3):
        raise BadInput("Write the number as people dial it, such as +1 202 555 0100.", "phone")
    if look.language not in LANGUAGES:
        raise BadInput("Choose one of the languages.", "language")
    return Look(accent, _text(look.signature, "signature"), _text(look.footer, "footer"), phone, look.language)


def _text(typed: str, name: str) -> str:
    lines = [
        " ".join("".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in line).split())
        for line in typed.splitlines()
    ]
    text = "\n".join(lines).strip("\n")
    if len(text) > LONGEST_TEXT or text.count("\n") >= MOST_LINES:
        raise BadInput(f"This has {LONGEST_TEXT} characters and {MOST_LINES} lines at most.", name)
    return text


def save(
    session: Session, look: Look, new_logo: bytes | None, *, keep_logo: bool, actor: str, at: datetime
) -> Branding:
    """Save the look, and what changed of it in the history. Raises BadInput.

    ``new_logo`` is what :func:`read_logo` made. Without one the stored logo is kept, or removed where ``keep_logo``
    is False.
    """
    wanted = clean(look)
    row = branding(session) or Branding(public_key=sealing.random_id())
    before, after = {}, {}
    for name in (each.name for each in fields(Look)):
        old, new = getattr(row, name, None) or "", getattr(wanted, name)
        if old != new:
            before[name], after[name] = old, new
            setattr(row, name, new)
    drawn = new_logo if new_logo is not None else row.logo if keep_logo else None
    if drawn != row.logo:
        before["logo"], after["logo"] = _size(row.logo), _size(drawn)
        row.logo = drawn
    if after:
        row.changed_at = at
        session.add(row)
        session.flush()
        record(session, at, Entry(Kind.BRANDING_CHANGED, actor=actor, detail={"before": before, "after": after}))
    return row


def _size(picture: bytes | None) -> str:
    return f"{len(picture)} bytes" if picture else "none"


def read_logo(upload: bytes) -> bytes:
    """An upload drawn anew. Raises BadInput."""
    try:
        return logo.drawn(upload)
    except logo.BadLogo as error:
        raise BadInput(str(error), "logo") from None
