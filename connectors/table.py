"""The table of what each connector can do, made from what the connectors declare.

``python -m connectors.table`` prints it; with the path of a page it writes it there, between the two marks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors import autotask, connectwise, halo, kaseya_bms, superops
from connectors.autotask import Autotask
from connectors.base import Capability, Connector
from connectors.connectwise import ConnectWise
from connectors.discipline import Limits
from connectors.halo import Halo
from connectors.kaseya_bms import KaseyaBms
from connectors.superops import SuperOps

BEGIN: Final = "<!-- The table is made by: python -m connectors.table docs/psas.md -->"
END: Final = "<!-- End of the table. -->"


@dataclass(frozen=True, slots=True)
class Listed:
    """One PSA of the table.

    ``plain`` makes a connector with what every set-up has, ``whole`` one with every option; what only that one can do
    is there ``when`` the option is. Making one sends nothing.
    """

    package: str
    title: str
    limits: Limits
    plain: Callable[[], Connector]
    whole: Callable[[], Connector] | None = None
    when: str = ""


PSAS: Final = (
    Listed(
        "connectwise", "ConnectWise", connectwise.LIMITS,
        lambda: ConnectWise("na.myconnectwise.net", "northgate", "publicKey", "privateKey", "client-id"),
    ),
    Listed(
        "halo", "HaloPSA", halo.LIMITS,
        lambda: Halo("northgate.halopsa.com", "client-id", "client-secret"),
        lambda: Halo("northgate.halopsa.com", "client-id", "client-secret", tab_secrets=["tab-secret"]),
        "with a secret in the tab",
    ),
    Listed(
        "autotask", "Autotask", autotask.LIMITS,
        lambda: Autotask("podapi@northgate.example", "secret", "TRACKING0000000000000000001"),
    ),
    Listed(
        "kaseya_bms", "Kaseya BMS", kaseya_bms.LIMITS,
        lambda: KaseyaBms("bms.kaseya.com", "Northgate IT", "caller.verify", "password"),
        lambda: KaseyaBms("bms.kaseya.com", "Northgate IT", "caller.verify", "password", may_change_phones=True),
        "when you allow it",
    ),
    Listed(
        "superops", "SuperOps", superops.LIMITS,
        lambda: SuperOps("us", "northgateit", "api-token", "verify@northgate.example"),
    ),
)  # fmt: skip


def cell(listed: Listed, capability: Capability) -> str:
    """Whether a PSA has a capability, in words."""
    if capability in listed.plain().capabilities:
        return "yes"
    if listed.whole is not None and capability in listed.whole().capabilities:
        return listed.when
    return "–"


def table() -> str:
    """The whole table in Markdown, without a line end."""
    titles = [listed.title for listed in PSAS]
    rows = [["", *titles], ["---"] * (len(PSAS) + 1)]
    rows += [[each.value, *(cell(listed, each) for listed in PSAS)] for each in Capability]
    rows.append(["calls at once, at most", *(str(listed.limits.at_once) for listed in PSAS)])
    rows.append(["calls in all, at most", *(_budget(listed.limits) for listed in PSAS)])
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


def _budget(limits: Limits) -> str:
    spans = {60.0: "a minute", 300.0: "in 5 minutes", 3600.0: "an hour"}
    return f"{limits.budget:,} {spans.get(limits.window, f'in {limits.window:.0f} s')}"


def written(page: str) -> str:
    """The page with the table between its marks. Raises ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no marks for the table")
    return f"{before}{begin}\n\n{table()}\n\n{end}{after}"


def main(arguments: list[str]) -> None:
    """Print the table, or write it into the page that is named."""
    if not arguments:
        sys.stdout.write(f"{table()}\n")
        return
    page = Path(arguments[0])
    page.write_text(written(page.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
