"""The PSAs that the conformance suite is run against. A new one is a line here."""

from __future__ import annotations

from collections.abc import Callable

from connectwise_world import ConnectWiseWorld
from psa_world import PsaWorld

WORLDS: dict[str, Callable[[], PsaWorld]] = {
    "connectwise": ConnectWiseWorld,
}
