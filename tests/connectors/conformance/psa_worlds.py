"""The PSAs that the conformance suite is run against. A new one is a line here."""

from __future__ import annotations

from collections.abc import Callable

from autotask_world import AutotaskWorld
from connectwise_world import ConnectWiseWorld
from halo_world import HaloWorld
from kaseya_bms_world import KaseyaBmsWorld
from psa_world import PsaWorld
from superops_world import SuperOpsWorld

WORLDS: dict[str, Callable[[], PsaWorld]] = {
    "connectwise": ConnectWiseWorld,
    "autotask": AutotaskWorld,
    "kaseya_bms": KaseyaBmsWorld,
    "halo": HaloWorld,
    "superops": SuperOpsWorld,
}
