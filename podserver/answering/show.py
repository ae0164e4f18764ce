"""What a visitor of a link gets to see: the question, or a plain page that says why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import render_template
from sqlalchemy.orm import Session

from podserver.branding import service as branding
from podserver.tenancy import bind_tenant
from podserver.verification.answers import Opened, Page
from podserver.verification.methods import METHODS
from podserver.verification.methods.base import Proof

ANSWER_PATH: Final = "/v/answer"
# Where the sign-in at Microsoft begins: a POST with the same fields as an answer.
MICROSOFT_PATH: Final = "/v/microsoft"

# Every page of a link has this status, whether it asks or is dead: see docs/link-visitors.md.
STATUS: Final = 200
REFUSED_STATUS: Final = 403
# Nobody's id; tenants are counted from 1.
_NO_TENANT: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Masthead:
    """Who calls, as far as the page says. ``name`` is empty where a page must not tell whose link it was.

    ``style`` and ``logo`` are addresses on this server, empty where the tenant has saved none.
    """

    name: str = ""
    phone: str = ""
    style: str = ""
    logo: str = ""

    @property
    def dial(self) -> str:
        """The help desk's number as a telephone dials it."""
        return "".join(c for c in self.phone if c in "+0123456789")


@dataclass(frozen=True, slots=True)
class Aside:
    """What a page says besides its question: ``notice`` about the last press, ``number`` as it was typed.

    ``wrong`` says that the notice is about the number.
    """

    notice: str = ""
    number: str = ""
    wrong: bool = False


NOTHING: Final = Aside()
PRESS_ONCE_MORE: Final = Aside("That press did not count. Read the question, then press once more.")
STILL_UNSURE: Final = Aside(
    "That press did not count. Press once more. If this line comes back, open the link in another browser."
)
ONE_TRY_LEFT: Final = Aside("That is not the number. You have one try left.", wrong=True)


def link_page(
    session: Session, opened: Opened, token: str, proof_value: str, aside: Aside = NOTHING
) -> tuple[str, int]:
    """The page of a link as it was opened; ``proof_value`` goes into its form."""
    head = masthead(session, opened)
    if opened.page != Page.QUESTION:
        return render_template(f"answering/{opened.page}.html", masthead=head), STATUS
    verification = opened.verification
    assert verification is not None
    if not aside.notice and verification.wrong_guesses:
        aside = Aside("A wrong number was typed. One try is left.", wrong=True)
    name = verification.technician.split()
    page = render_template(
        "answering/question.html",
        masthead=head,
        verification=verification,
        technician=name[0] if name else "a technician",
        signs_in=METHODS[verification.method].proof == Proof.SIGN_IN,
        left=opened.seconds_left,
        token=token,
        proof=proof_value,
        aside=aside,
        answer_path=ANSWER_PATH,
        microsoft_path=MICROSOFT_PATH,
    )
    return page, STATUS


def refused_page() -> tuple[str, int]:
    """The page for an answer that was not made on a page of ours. It is the same whatever the link is."""
    return render_template("answering/refused.html", masthead=Masthead()), REFUSED_STATUS


def masthead(session: Session, opened: Opened) -> Masthead:
    """Who calls, on a page of this link; binds the session to the link's tenant."""
    # An unknown link looks as hard as a known one does, only for nobody: how long it takes must not tell them apart.
    bind_tenant(session, opened.tenant.id if opened.tenant is not None else _NO_TENANT)
    found = branding.branding(session)
    if opened.tenant is None:
        return Masthead()
    if found is None:
        return Masthead(opened.tenant.name)
    root = f"/brand/{found.public_key}"
    return Masthead(opened.tenant.name, found.phone, f"{root}/style.css", f"{root}/logo.png" if found.logo else "")
