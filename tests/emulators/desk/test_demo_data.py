"""`podserver demo` against the stand-ins: which ticketing systems it connects, and that it can be run again."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from world import PROJECT, World

from emulators.desk.psa_keys import psa_options, psa_secrets
from emulators.entra import CLIENT_ID

pytestmark = pytest.mark.processes
FIVE = ["connectwise", "autotask", "halo", "kaseya_bms", "superops"]
# One after the other in one process, as each takes a second to load; between them what the database holds.
_RUN = """
import json, sqlite3, sys
from podserver.command import main
for command in json.loads(sys.argv[1]):
    if command == "dump":
        print("DUMP" + json.dumps(list(sqlite3.connect(sys.argv[2]).iterdump())))
    else:
        main(command, standalone_mode=False)
"""


class Demo:
    """Stand-ins that run, and a database that `podserver demo` fills."""

    def __init__(self, state: Path) -> None:
        self.file = state / "podserver.db"
        self.world = World(
            state,
            {
                "PODSERVER_ENVIRONMENT": "development",
                "PODSERVER_SECRET_KEYS": Fernet.generate_key().decode(),
                "PODSERVER_STATE_DIR": str(state),
                "PODSERVER_DATABASE_URL": f"sqlite:///{self.file}",
                **psa_secrets(),
            },
        )

    def run(self, *commands: Any) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, json.dumps(commands), str(self.file)],
            cwd=PROJECT,
            env={**os.environ, **self.world.environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.splitlines()

    def options(self, **changed: str) -> list[str]:
        """The desk's own options, some of them changed."""
        named = [text for name, value in changed.items() for text in (f"--{name.replace('_', '-')}", value)]
        also = ("--duo-host", f"localhost:{self.world.tls_port}", "--mail-server", f"localhost:{self.world.smtp_port}")
        return ["demo", *psa_options(self.world.emulators), *also, "--microsoft-app", CLIENT_ID, *named]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.file) as database:
            return database.execute(statement).fetchall()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo"))
    try:
        demo.world.start_emulators()
        yield demo
    finally:
        demo.world.stop_all()


def test_the_psas_that_are_named_are_connected_and_a_second_run_changes_nothing(demo: Demo):
    none, one = ["demo", "--psa-site", ""], ["demo", "--psa-site", demo.world.emulators]
    few, every = demo.options(halo_resource_server=""), demo.options()
    printed = demo.run(["database", "upgrade"], none, one, [*few, "--json"], [*every, "--json"], "dump", every, "dump")
    told = [line.strip() for line in printed if "PSAs" in line]
    five = "PSAs: ConnectWise, Autotask, HaloPSA, Kaseya BMS, SuperOps"
    assert told == ["PSAs: none", "PSAs: ConnectWise", five]
    first, second = (json.loads(line) for line in printed if line.startswith("{"))
    assert [each["psa"] for each in first["psas"]] == [psa for psa in FIVE if psa != "halo"]
    assert [each["psa"] for each in second["psas"]] == FIVE
    assert second["pod_url"] == second["psas"][0]["pod_url"]
    before, after = (json.loads(line[4:]) for line in printed if line.startswith("DUMP"))
    assert before == after

    assert {row[0] for row in demo.rows("SELECT psa FROM integrations WHERE active AND problem = ''")} == set(FIVE)
    # ConnectWise and HaloPSA can say who somebody is, by a name of the first's and an id of the second's.
    linked = demo.rows(
        "SELECT i.psa, m.member, u.name FROM psa_members m JOIN integrations i ON i.id = m.integration_id "
        "JOIN users u ON u.id = m.user_id ORDER BY i.psa, u.name"
    )
    assert linked == [
        ("connectwise", "priya", "Priya Nair"),
        ("connectwise", "sam", "Sam Okafor"),
        ("halo", "7", "Priya Nair"),
        ("halo", "42", "Sam Okafor"),
    ]
    for table, condition in (("policies", "company_name = 'Harbor Legal'"), ("microsoft_directories", "push_enabled")):
        found = demo.rows(
            f"SELECT count(DISTINCT integration_id), count(*) FROM {table} WHERE integration_id NOTNULL AND {condition}"
        )
        assert found == [(5, 5)], table
    insights = requests.get(f"{demo.world.emulators}/autotask/_control/records/IntegrationVendorInsights", timeout=5)
    assert [row["referenceUrl"] for row in insights.json()] == [second["psas"][1]["pod_url"]]
