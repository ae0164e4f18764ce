"""What a method is: how a challenge is made, what its proof is worth, and how an answer is judged.

Adding one is a page of its own: docs/adding-a-method.md.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from podserver.branding.letters import Letterhead
from podserver.verification.strength import Claim


class Proof(enum.StrEnum):
    """How a request of a method ends well.

    code: the caller reads it out, the technician types it. link: the user answers on a page of ours. push: the
    provider tells the worker what the user pressed. sign_in: the user signs in elsewhere, from a page of ours. word:
    the technician's own.
    """

    CODE = "code"
    LINK = "link"
    PUSH = "push"
    SIGN_IN = "sign_in"
    WORD = "word"

    @property
    def on_our_page(self) -> bool:
        """Whether the user opens a link to a page of ours."""
        return self in (Proof.LINK, Proof.SIGN_IN)


@dataclass(frozen=True, slots=True)
class Marks:
    """What speaks against a destination before anything is sent; shown to the technician, and taken off the strength.

    ``changed_hours`` is how many hours ago it was changed in the PSA, -1 where it was not lately; ``shared_with`` the
    number of other contacts who have it too; ``typed`` says that the technician typed it, so that it stands nowhere
    on file.
    """

    changed_hours: int = -1
    shared_with: int = 0
    typed: bool = False

    def words(self) -> list[str]:
        """Each mark in a few words."""
        said = []
        if self.typed:
            said.append("not on file, typed by the technician")
        if self.changed_hours >= 0:
            ago = f"{self.changed_hours} h" if self.changed_hours else "less than an hour"
            said.append(f"changed in the PSA {ago} ago")
        if self.shared_with:
            others = "another contact" if self.shared_with == 1 else f"{self.shared_with} other contacts"
            said.append(f"shared with {others}")
        return said


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Target:
    """The destination of a challenge.

    ``kind`` is phone, email, duo, microsoft or person. ``key`` is the keyed hash that names it in rows and pages;
    ``address`` is E.164 or an e-mail address and goes nowhere but into the sealed payload; ``masked`` is what may be
    shown and written down. ``mobile`` is whether the PSA calls it a mobile, ``landline`` whether the numbering plan
    says that it is none, ``extension`` what is dialled after the number.
    """

    key: str
    kind: str
    address: str
    masked: str
    mobile: bool = False
    landline: bool = False
    extension: str = ""
    marks: Marks = NO_MARKS


@dataclass(frozen=True, slots=True)
class Ask:
    """What a method is given to make a challenge.

    ``hash_key`` is the tenant's; ``life`` is in seconds; ``digits`` are the typed number, empty where none is asked
    for; ``base_url`` is where our pages are. ``upn`` is the account's name at an identity provider, as far as the
    PSA knows it: the contact's e-mail address.
    """

    hash_key: str
    verification: str
    msp: str
    target: Target
    life: int
    technician: str
    contact: str
    contact_name: str
    company: str
    ticket: str
    summary: str
    integration_id: int
    base_url: str
    letterhead: Callable[[], Letterhead]
    digits: str = ""

    @property
    def technician_first_name(self) -> str:
        """What end users are told of the technician's name."""
        return self.technician.split()[0] if self.technician.split() else "A technician"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a method made: the hash that judges the answer, and the sealed payload for its channel.

    ``link_hash`` is set where the answer comes from a page of ours: the fingerprint of the link's token.
    """

    channel: str
    payload: Mapping[str, Any] = field(repr=False)
    proof_hash: str = ""
    link_hash: str | None = None


class Method(Protocol):
    """One way to verify.

    ``label`` is what history and notes call it, ``control`` the word on its button, ``kinds`` the kinds of
    destinations that it reaches, ``needs`` the tool that has to be set up (see ``tools.py``). ``waiting`` is what a
    pending row says the technician waits for; ``carries`` what was sent, in a word, for messages.
    """

    name: str
    label: str
    control: str
    kinds: frozenset[str]
    proof: Proof
    needs: str
    waiting: str
    carries: str

    def refusal(self, target: Target) -> str:
        """Why this destination cannot be reached this way, in a sentence without a full stop; empty when it can."""
        ...

    def claim(self, target: Target, *, digits: bool) -> Claim:
        """What a proof will be worth; ``digits`` says that the user has to type a number that was read out."""
        ...

    def challenge(self, ask: Ask) -> Challenge:
        """Make a challenge. Pure: whatever it needs is in ``ask``."""
        ...


class CodeMethod(Method, Protocol):
    """A method whose code the technician types."""

    def clean(self, answer: str) -> str:
        """The answer as typed, brought to the form that is judged. Raises ValueError with a sentence."""
        ...

    def accepts(self, *, hash_key: str, verification: str, proof_hash: str, answer: str) -> bool:
        """Whether a cleaned answer is the right one, in constant time."""
        ...
