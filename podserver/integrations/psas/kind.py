"""What podserver must know of a kind of PSA to set it up: one declaration for each, as data and a few functions.

The set-up page, the command line, the pod's frame policy and the connector's making all read it. ``values`` are the
field's texts by name, secrets included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.base import Choice, Connector, PodSetup
from connectors.discipline import Gate, Limits
from connectors.http import INTERACTIVE_TIMEOUT, Observer
from podserver.integrations.models import Psa

Values = Mapping[str, str]


class BadInput(ValueError):
    """A field is wrong; the message is a sentence for the admin, ``field`` the field's name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def _as_typed(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the set-up page, in the PSA's own words.

    ``clean`` takes the stripped text and returns what is stored; it raises ValueError with a sentence for the admin.
    ``choices`` are (value, words): a fixed list. ``live`` fills a list from the PSA, so the field is there only once
    the PSA has confirmed the keys. ``switch`` is a box to tick, stored as ``1`` or empty. A ``secret`` is never shown
    again.
    """

    name: str
    label: str
    description: str = ""
    secret: bool = False
    required: bool = True
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    live: Callable[[Connector], Sequence[Choice]] | None = None
    switch: bool = False
    clean: Callable[[str], str] = _as_typed


@dataclass(frozen=True, slots=True)
class Reach:
    """How a connector is to call: ``timeout`` in seconds, who watches, and through which gate."""

    timeout: float = INTERACTIVE_TIMEOUT
    observer: Observer | None = None
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A value for the PSA's own set-up table, by the name it has there, with a Copy button; or words alone."""

    label: str
    value: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """How the PSA hosts the pod.

    ``url`` makes the pod's URL from (base URL, pod key), ``origins`` says from the values, and where needed the PSA,
    which origins may frame it. ``setups`` are the rows that the connector can install, where it can, from (pod URL,
    base URL, height); ``steps`` are the same by hand, from the same, and ``path`` is where in the PSA. ``heights`` in
    pixels. ``new_secret`` names the field of the secret with which the PSA is to sign the pod's address, where there is
    none yet. ``notices`` say, in sentences, what of the settings does not count as things are.

    ``learn`` is for a PSA that does not publish what it signs: from (values, pod URL) and a real address that it
    made, it finds the fields that fit and a sentence about them, and raises BadInput where none do. ``signed_with`` is
    the field of the secret that it signs with.
    """

    url: Callable[[str, str], str]
    origins: Callable[[Values, Connector | None], tuple[str, ...]]
    steps: Callable[[str, str, int], Sequence[Step]]
    path: str
    setups: Callable[[str, str, int], Sequence[PodSetup]] | None = None
    heights: tuple[int, ...] = ()
    install_words: str = ""
    new_secret: Callable[[Values], str] = field(default=lambda _values: "")
    notices: Callable[[Values], Sequence[str]] = field(default=lambda _values: ())
    learn: Callable[[Values, str, str], tuple[Mapping[str, str], str]] | None = None
    signed_with: str = ""
    learn_words: str = ""


@dataclass(frozen=True, slots=True)
class PsaKind:
    """One kind of PSA.

    ``place`` names where the keys are good: stored secrets go nowhere else, and a place is connected once. ``hosts``
    are the URLs that will be called, which must be outside our own network. ``suggest`` chooses live fields that the
    admin has left open, where only one choice can be meant. ``check`` raises BadInput where fields do not fit each
    other or the PSA. ``frame`` is None where the PSA has no place to embed.
    """

    psa: Psa
    title: str
    fields: tuple[Field, ...]
    limits: Limits
    place: Callable[[Values], str]
    site: Callable[[Values], str]
    hosts: Callable[[Values], Sequence[str]]
    make: Callable[[Values, Reach], Connector]
    frame: Frame | None = None
    suggest: Callable[[Values, Connector], Mapping[str, str]] = field(default=lambda _values, _connector: {})
    check: Callable[[Values, Connector], None] = field(default=lambda _values, _connector: None)

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the fields that are secret."""
        return frozenset(each.name for each in self.fields if each.secret)
