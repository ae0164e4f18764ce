"""Where `make test-published` put what it fetched, how its JavaScript is run, and a BMS where all is overheard."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import parts
import requests
from kaseya_bms_world import KaseyaBmsWorld
from relay import Relay
from world import PROJECT

from connectors.discipline import Gate
from connectors.kaseya_bms import KaseyaBms
from emulators.kaseya_bms.rights import EVERYTHING
from emulators.kaseya_bms.seed_lists import API_USER, PASSWORD

TENANT, USER = "Northgate IT", "caller.verify"


def node(script: Path, **given: object) -> Any:
    """What a script prints, as JSON, for what it is given as JSON. Raises AssertionError with its complaint."""
    program = shutil.which("node")
    if program is None:
        parts.missing("node")
    done = subprocess.run(
        [str(program), str(script)], input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fetched(name: str) -> Path:
    """A file or folder below build/published."""
    place = PROJECT / "build" / "published" / name
    if not place.exists():
        parts.missing(f"What `make test-published` fetches, here {name},")
    return place


class RelayedWorld(KaseyaBmsWorld):
    """BMS behind a relay, through which its connectors go."""

    def __init__(self) -> None:
        super().__init__()
        self.relay = Relay(self.url)

    def connector(
        self, *, timeout: float = 1.0, gate: Gate | None = None, wrong_keys: bool = False, url: str = ""
    ) -> KaseyaBms:
        return super().connector(timeout=timeout, gate=gate, wrong_keys=wrong_keys, url=url or self.relay.url)

    def fault(self, **switches: object) -> None:
        """Press switches of the emulator."""
        self._fault(**switches)

    def allow_everything(self) -> None:
        """The connector's user gets every right, until the next reset."""
        self._stand.control(f"records/users/{API_USER}", {"rights": EVERYTHING})

    def sign_in(self) -> dict[str, str]:
        """The headers of a caller of our own, whose login is a form of parts, as it is described."""
        form = {"GrantType": "password", "UserName": USER, "Password": PASSWORD, "Tenant": TENANT}
        answer = requests.post(
            f"{self.relay.url}/v2/security/authenticate",
            files={name: (None, text) for name, text in form.items()},
            timeout=10,
        )
        return {"Authorization": f"Bearer {answer.json()['result']['accessToken']}"}
