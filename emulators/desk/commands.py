"""Every command that the demo runs, in one table, and the environment they run in."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulators.desk.administrator import PUSH_SECRET
from emulators.desk.psa_keys import psa_options, psa_secrets
from emulators.entra.account import CLIENT_ID, CLIENT_SECRET
from emulators.mail.account import SMTP_PASSWORD
from emulators.tls import certificates
from emulators.twilio.account import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER


@dataclass(frozen=True)
class Place:
    """Where a demo runs: its ports, its state folder, and the folder of the project."""

    product_port: int
    emulator_port: int
    tls_port: int
    smtp_port: int
    state: Path
    project: Path

    @property
    def product(self) -> str:
        """The product's origin. Another site than the desk's, as it is in real life."""
        return f"http://127.0.0.1:{self.product_port}"

    @property
    def stand_ins(self) -> Path:
        """Where the stand-ins keep their state and their certificates."""
        return self.state / "emulators"

    @property
    def microsoft(self) -> str:
        """Where Microsoft's services are, all in one place."""
        return f"https://localhost:{self.tls_port}"

    @property
    def desk(self) -> str:
        """The origin of the desk and of the stand-ins."""
        return f"http://localhost:{self.emulator_port}"


@dataclass(frozen=True)
class Commands:
    """Argument lists: three that run once, three that stay."""

    secret_key: list[str]
    upgrade: list[str]
    seed: list[str]
    emulators: list[str]
    web: list[str]
    worker: list[str]


def commands(place: Place) -> Commands:
    """The real ones, run by the Python that runs this."""
    podserver = [sys.executable, "-m", "podserver"]
    return Commands(
        secret_key=[*podserver, "secret-key"],
        upgrade=[*podserver, "database", "upgrade"],
        seed=[
            *podserver,
            "demo",
            "--json",
            *psa_options(place.desk),
            *("--twilio-account-sid", ACCOUNT_SID),
            *("--twilio-from", FROM_NUMBER),
            *("--duo-host", f"localhost:{place.tls_port}"),
            *("--mail-server", f"localhost:{place.smtp_port}"),
            *("--microsoft-app", CLIENT_ID),
        ],
        emulators=[
            *(sys.executable, "-m", "emulators"),
            *("--port", str(place.emulator_port)),
            *("--tls-port", str(place.tls_port)),
            *("--smtp-port", str(place.smtp_port)),
            *("--product", place.product),
            *("--state", str(place.stand_ins)),
        ],
        web=[
            *(sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"),
            *("--bind", f"127.0.0.1:{place.product_port}", "wsgi:app"),
        ],
        worker=[*podserver, "worker"],
    )


def settings(place: Place, secret_keys: str) -> dict[str, str]:
    """What podserver reads from its environment."""
    return {
        "PODSERVER_ENVIRONMENT": "development",
        "PODSERVER_BASE_URL": place.product,
        "PODSERVER_DATABASE_URL": f"sqlite:///{place.state / 'podserver.db'}",
        "PODSERVER_STATE_DIR": str(place.state),
        "PODSERVER_TWILIO_API_URL": place.desk,
        "PODSERVER_MICROSOFT_LOGIN_URL": place.microsoft,
        "PODSERVER_MICROSOFT_GRAPH_URL": place.microsoft,
        "PODSERVER_MICROSOFT_PUSH_URL": place.microsoft,
        "PODSERVER_LOCAL_HOSTS": ",".join(
            f"localhost:{port}" for port in (place.emulator_port, place.tls_port, place.smtp_port)
        ),
        "PODSERVER_CA_FILE": str(certificates(place.stand_ins / "certificates").authority),
        "PODSERVER_SECRET_KEYS": secret_keys,
        **psa_secrets(),
        "PODSERVER_DEMO_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PODSERVER_DEMO_MAIL_PASSWORD": SMTP_PASSWORD,
        "PODSERVER_DEMO_MICROSOFT_SECRET": CLIENT_SECRET,
        "PODSERVER_DEMO_MICROSOFT_PUSH_SECRET": PUSH_SECRET,
    }


def surroundings(inherited: Mapping[str, str]) -> dict[str, str]:
    """The inherited environment without any PODSERVER_ variable.

    A shell that is set up for a real installation must not lead the demo's data into its database or queue.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith("PODSERVER_")}
    return kept | {"PYTHONUNBUFFERED": "1"}


def read_env_file(path: Path) -> dict[str, str]:
    """NAME=value lines; empty where there is no file."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Write NAME=value lines, readable by the owner only, replacing the file whole."""
    unfinished = path.with_suffix(".env.new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write("# Made by the demo; only the secret keys are read again.\n")
        out.writelines(f"{name}={value}\n" for name, value in values.items())
    unfinished.replace(path)
