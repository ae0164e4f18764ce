"""The kinds of PSA that can be set up, one file each. A new one is a line here."""

from __future__ import annotations

from typing import Final

from podserver.integrations.models import Psa
from podserver.integrations.psas import autotask, connectwise, halo, kaseya_bms, superops
from podserver.integrations.psas.kind import BadInput, Field, Frame, PsaKind, Reach, Step, Values

KINDS: Final[dict[Psa, PsaKind]] = {
    each.psa: each
    for each in (
        connectwise.KIND,
        autotask.KIND,
        halo.KIND,
        kaseya_bms.KIND,
        superops.KIND,
    )
}  # fmt: skip


def kind_of(psa: Psa | str) -> PsaKind:
    """The declaration of a PSA. Raises LookupError for one that cannot be set up."""
    try:
        return KINDS[Psa(psa)]
    except ValueError:
        raise LookupError(f"no PSA is called {psa}") from None


__all__ = ["KINDS", "BadInput", "Field", "Frame", "PsaKind", "Reach", "Step", "Values", "kind_of"]
