"""`python -m emulators.desk` runs the whole demo in one terminal; `make demo` calls it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from emulators.desk.commands import Place, commands
from emulators.desk.processes import plain_terminal
from emulators.desk.supervisor import Supervisor

PROJECT = Path(__file__).resolve().parents[2]


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable, "") or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise SystemExit(f"{variable} is a port number from 1 to 65535, not '{text}'.")
    return int(text)


def main() -> int:
    """Run the demo until it is stopped; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m emulators.desk",
        description="The demo: podserver, its worker, and stand-ins for the outside world. "
        "PODSERVER_PORT (8000), EMULATOR_PORT (8100), EMULATOR_TLS_PORT (8101) and EMULATOR_SMTP_PORT (8125) choose "
        "the ports.",
    )
    parser.add_argument("--verbose", action="store_true", help="show every line of every process")
    parser.add_argument("--state", type=Path, default=PROJECT / "var" / "demo", help="state folder (var/demo)")
    options = parser.parse_args()
    place = Place(
        product_port=_port("PODSERVER_PORT", 8000),
        emulator_port=_port("EMULATOR_PORT", 8100),
        tls_port=_port("EMULATOR_TLS_PORT", 8101),
        smtp_port=_port("EMULATOR_SMTP_PORT", 8125),
        state=options.state.resolve(),
        project=PROJECT,
    )
    return Supervisor(place, commands(place), plain_terminal(verbose=options.verbose), os.environ).run()


if __name__ == "__main__":
    sys.exit(main())
