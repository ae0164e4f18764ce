"""The supervisor with stand-in commands: real processes, real ports, real signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from emulators.desk.commands import Commands, Place, commands, read_env_file, settings
from emulators.desk.processes import readable

pytestmark = pytest.mark.processes
PROJECT = Path(__file__).resolve().parents[3]

SERVER = """
    import http.server, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200); self.end_headers()
        def do_POST(self):
            told = self.rfile.read(int(self.headers["Content-Length"])).decode()
            print("WARNING told", self.path, told)
            self.send_response(int(sys.argv[2]) if len(sys.argv) > 2 else 201); self.end_headers()
        def log_message(self, *args): pass
    print("listening quietly")
    print("WARNING a thing to see")
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
WORKER = "import time\nwhile True: time.sleep(1)"
SEED = """
    import json, os
    assert os.environ["PODSERVER_DEMO_TWILIO_AUTH_TOKEN"] and os.environ["PODSERVER_DEMO_MICROSOFT_PUSH_SECRET"]
    assert "PODSERVER_REDIS_URL" not in os.environ
    print(json.dumps({"portal": "http://127.0.0.1:9/portal", "pod_url": "http://127.0.0.1:9/pod",
        "psas": [{"psa": "connectwise", "name": "ConnectWise", "pod_url": ""},
                 {"psa": "superops", "name": "SuperOps", "pod_url": ""}],
        "sign_ins": [{"role": "admin", "email": "sam@northgate.example", "password": "plainly invented"}]}))
"""
SECRET = "import secrets; print(secrets.token_hex(16))"
RUN = """
    import json, os, sys
    from pathlib import Path
    from emulators.desk.commands import Commands, Place
    from emulators.desk.processes import plain_terminal
    from emulators.desk.supervisor import Supervisor
    plan = json.loads(sys.argv[1])
    place = Place(*plan["ports"], Path(plan["state"]), Path(plan["project"]))
    sys.exit(Supervisor(place, Commands(**plan["commands"]), plain_terminal(verbose=False), os.environ).run())
"""


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(source), *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Demo:
    """One run of the supervisor in a process of its own."""

    def __init__(self, state: Path, ports: tuple[int, int] | None = None, **changed: list[str]) -> None:
        self.ports = ports or (free_port(), free_port())
        stand_ins = Commands(
            secret_key=python(SECRET),
            upgrade=python("print('upgraded')"),
            seed=python(SEED),
            emulators=python(SERVER, str(self.ports[1])),
            web=python(SERVER, str(self.ports[0])),
            worker=python(WORKER),
        )
        plan = {
            "ports": [*self.ports, free_port(), free_port()],
            "state": str(state),
            "project": str(PROJECT),
            "commands": asdict(stand_ins) | changed,
        }
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*python(RUN), json.dumps(plan)],
            cwd=PROJECT,
            env=os.environ | {"PODSERVER_REDIS_URL": "redis://production.example"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(self.process.stdout)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def shows(self, text: str, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < deadline, f"{text!r} did not show in:\n{self.output}"
            time.sleep(0.05)

    def ends(self, seconds: float = 15) -> int:
        code = self.process.wait(seconds)
        self._reader.join(2)
        return code


@pytest.fixture
def start(tmp_path: Path):
    demos: list[Demo] = []

    def one(**values: object) -> Demo:
        demos.append(Demo(tmp_path / "demo", **values))
        return demos[-1]

    yield one
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.ends()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_starts_says_what_to_open_and_stops_everything_on_a_signal(start, tmp_path, number):
    demo = start()
    demo.shows("Ctrl-C stops everything")
    assert f"Open      http://localhost:{demo.ports[1]}/" in demo.output
    assert "Portal    http://127.0.0.1:9/portal" in demo.output
    assert "PSAs      ConnectWise, SuperOps" in demo.output
    assert "admin   sam@northgate.example   plainly invented" in demo.output
    assert "WARNING a thing to see" in demo.output
    assert "listening quietly" not in demo.output
    assert "listening quietly" in (tmp_path / "demo" / "podserver.log").read_text()
    began = time.monotonic()
    demo.process.send_signal(number)
    assert demo.ends() == 0
    assert time.monotonic() - began < 6
    assert not is_listening(demo.ports[0])
    assert not is_listening(demo.ports[1])


def test_secrets_are_made_once_kept_and_readable_by_the_owner_only(start, tmp_path):
    file = tmp_path / "demo" / "demo.env"
    keys = []
    for _ in range(2):
        demo = start()
        demo.shows("The demo is running")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        keys.append(read_env_file(file)["PODSERVER_SECRET_KEYS"])
        demo.process.terminate()
        assert demo.ends() == 0
    assert keys[0] == keys[1]
    for log in (tmp_path / "demo").glob("*.log"):
        assert keys[0] not in log.read_text()
        assert "plainly invented" not in log.read_text()


@pytest.mark.parametrize(
    ("line", "text", "matters"),
    [
        ("plain words", "plain words", False),
        ("WARNING: look here", "WARNING: look here", True),
        ('{"event": "note.posted", "level": "info", "timestamp": "now"}', "INFO note.posted", False),
        (
            '{"rule": "/pod", "event": "request.broke", "level": "error", "exception": "Traceback: a  KeyError: b"}',
            "ERROR request.broke rule=/pod KeyError: b",
            True,
        ),
        ("{not json", "{not json", False),
    ],
)
def test_log_lines_are_made_readable(line, text, matters):
    assert readable(line) == (text, matters)


@pytest.mark.parametrize(("at", "variable"), [(0, "PODSERVER_PORT"), (1, "EMULATOR_PORT")])
def test_a_port_in_use_is_named_with_the_variable_that_changes_it(start, at, variable):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start(ports=(port, free_port()) if at == 0 else (free_port(), port))
        assert demo.ends() == 1
    assert f"Port {port} is in use" in demo.output
    assert f"{variable}={port + 1}" in demo.output


def test_a_child_that_dies_stops_the_rest_with_its_name_its_log_and_its_last_words(start):
    demo = start(worker=python("import time; time.sleep(3); print('ERROR no queue'); raise SystemExit(3)"))
    demo.shows("The demo is running")
    assert demo.ends() == 1
    assert "worker has stopped with code 3" in demo.output
    assert "worker.log" in demo.output
    assert "    ERROR no queue" in demo.output
    assert not is_listening(demo.ports[0])


def test_a_step_that_fails_stops_the_start_with_its_log(start):
    demo = start(upgrade=python("raise ValueError('no such table')"))
    assert demo.ends() == 1
    assert "database failed with code 1" in demo.output
    assert "ValueError: no such table" in demo.output
    assert not is_listening(demo.ports[1])


def test_a_server_that_dies_before_it_is_ready_is_told_at_once(start):
    demo = start(web=python("raise SystemExit('PODSERVER_BASE_URL is wrong')"))
    assert demo.ends() == 1
    assert "podserver has stopped with code 1" in demo.output
    assert "PODSERVER_BASE_URL is wrong" in demo.output


def test_a_child_that_ignores_the_request_to_end_is_killed(start):
    stubborn = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)"
    demo = start(worker=python(stubborn))
    demo.shows("The demo is running")
    began = time.monotonic()
    demo.process.terminate()
    assert demo.ends() == 0
    assert time.monotonic() - began < 8


def test_a_signal_during_the_start_ends_it(start):
    demo = start(upgrade=python("import time; time.sleep(60)"))
    demo.shows("Preparing")
    demo.process.terminate()
    assert demo.ends() == 0


def test_no_secret_stands_on_a_command_line(tmp_path):
    place = Place(8000, 8100, 8101, 8125, tmp_path, PROJECT)
    words = [word for command in asdict(commands(place)).values() for word in command]
    secrets = [value for name, value in settings(place, "").items() if name.startswith("PODSERVER_DEMO_")]
    assert len(secrets) == 12
    assert not set(secrets) & set(words)


def test_the_clients_administrator_gives_a_secret_at_every_start(start):
    for _ in range(2):
        demo = start()
        demo.shows("The demo is running")
        assert demo.output.count("/_emulator/entra/credentials") == 1
        assert '"tenant": "larkfield.example"' in demo.output
        demo.process.terminate()
        assert demo.ends() == 0


def test_a_secret_that_is_not_taken_ends_the_start_with_a_sentence(start):
    ports = (free_port(), free_port())
    demo = start(ports=ports, emulators=python(SERVER, str(ports[1]), "400"))
    assert demo.ends() == 1
    assert "The stand-in for Microsoft took no secret: Microsoft's stand-in answered 400." in demo.output
    assert not is_listening(ports[1])


def test_a_port_that_is_no_number_is_named():
    done = subprocess.run(
        [sys.executable, "-m", "emulators.desk"],
        cwd=PROJECT,
        env=os.environ | {"EMULATOR_PORT": "many"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert "EMULATOR_PORT is a port number" in done.stderr
