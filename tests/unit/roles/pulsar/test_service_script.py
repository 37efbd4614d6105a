"""The command that starts and stops the server, with a stand-in for the server."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import pytest

TEMPLATE = Path(__file__).parents[4] / "roles" / "pulsar" / "templates" / "pulsar-service.sh.j2"
LIMIT = 10.0

#: Says what it does in its log, which the script gives it as standard output.
SERVER = """#!/bin/sh
trap 'echo ended; exit 0' TERM
echo "started with $*"
while :; do sleep 0.05; done
"""


class Deployment:
    """A directory laid out as the role does it, with a blank in its name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pid_file = root / "run" / "server.pid"
        self.log = root / "log" / "server.log"
        self.config = root / "app.yml"
        self.secret = root / "broker url"
        self.transport = "http"
        self.environment: list[str] = []
        self.script = root / "pulsar-service"
        for directory in (self.pid_file.parent, self.log.parent, root / "one" / "bin", root / "two" / "bin"):
            directory.mkdir(parents=True)
        self.config.write_text("a: 1\n")
        self.secret.write_text("one")
        self.serve(SERVER)
        self.switch("one")
        self.write_script()

    def write_script(self, patience: str = "60") -> None:
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 (shell)
        environment.filters["quote"] = shlex.quote
        text = environment.from_string(TEMPLATE.read_text()).render(
            pulsar_venv_dir=str(self.root / "current"),
            instance={
                "home": str(self.root),
                "config_file": str(self.config),
                "sources": [str(self.config), str(self.secret)],
                "transport": self.transport,
                "environment": self.environment,
                "log": str(self.log),
                "pid_file": str(self.pid_file),
            },
        )
        self.script.write_text(text.replace("patience=60", f"patience={patience}"))
        self.script.chmod(0o755)

    def serve(self, program: str) -> None:
        for release in ("one", "two"):
            path = self.root / release / "bin" / "pulsar-runtime"
            path.write_text(program)
            path.chmod(0o755)

    def switch(self, release: str) -> None:
        (self.root / "current").unlink(missing_ok=True)
        (self.root / "current").symlink_to(self.root / release)

    def call(self, command: str) -> tuple[int, str]:
        done = subprocess.run(
            [str(self.script), command], check=False, stdout=subprocess.PIPE, text=True, timeout=LIMIT
        )
        return done.returncode, done.stdout.strip()

    def pid(self) -> int:
        return int(self.pid_file.read_text().split()[0])

    def said(self, text: str) -> bool:
        return self.log.exists() and text in self.log.read_text()


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path / "a pulsar")
    yield deployment
    deployment.write_script(patience="1")
    deployment.call("stop")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_start_runs_the_server_with_its_configuration(deployment: Deployment) -> None:
    assert deployment.call("status") == (3, "stopped")
    assert deployment.call("start") == (0, "started")
    wait_until(lambda: deployment.said(f"started with serve --config {deployment.config}"))
    assert deployment.call("status") == (0, f"running as process {deployment.pid()}")


def test_a_second_start_leaves_the_server_alone(deployment: Deployment) -> None:
    deployment.call("start")
    first = deployment.pid()
    assert deployment.call("start") == (0, "running")
    assert deployment.pid() == first


def test_a_server_at_a_broker_is_the_agent_alone(deployment: Deployment) -> None:
    deployment.transport = "amqp"
    deployment.write_script()
    deployment.call("start")
    wait_until(lambda: deployment.said(f"started with agent --config {deployment.config}"))


def test_the_server_has_its_variables_as_they_were_written(deployment: Deployment) -> None:
    deployment.environment = ["SGE_ROOT=/a b", "QUOTED=it's $HOME"]
    deployment.write_script()
    deployment.serve('#!/bin/sh\necho "$SGE_ROOT" "$QUOTED"\nexec sleep 60\n')
    deployment.call("start")
    wait_until(lambda: deployment.said("/a b it's $HOME"))


@pytest.mark.parametrize("change", ["release", "configuration", "secret", "variable"])
def test_a_start_after_a_change_restarts_the_server(deployment: Deployment, change: str) -> None:
    deployment.call("start")
    wait_until(lambda: deployment.said("started"))
    first = deployment.pid()
    if change == "release":
        deployment.switch("two")
    elif change == "secret":
        deployment.secret.write_text("two")
    elif change == "variable":
        deployment.environment = ["A=b"]
        deployment.write_script()
    else:
        deployment.config.write_text("a: 2\n")
    assert deployment.call("start") == (0, "started")
    assert deployment.said("ended")
    assert deployment.pid() != first
    assert not is_alive(first)


def test_stop_asks_the_server_to_end_and_waits(deployment: Deployment) -> None:
    deployment.call("start")
    wait_until(lambda: deployment.said("started"))
    pid = deployment.pid()
    assert deployment.call("stop") == (0, "stopped")
    assert deployment.said("ended")
    assert not is_alive(pid)
    assert deployment.call("stop") == (0, "stopped")


def test_a_server_that_does_not_end_is_killed(deployment: Deployment) -> None:
    deployment.serve("#!/bin/sh\ntrap '' TERM\necho started\nwhile :; do sleep 0.05; done\n")
    deployment.write_script(patience="1")
    deployment.call("start")
    wait_until(lambda: deployment.said("started"))
    pid = deployment.pid()
    assert deployment.call("stop") == (0, "stopped")
    assert not is_alive(pid)


@pytest.mark.parametrize("field", ["start time", "boot"])
def test_a_stranger_with_the_same_process_id_is_left_alone(deployment: Deployment, field: str) -> None:
    """The recorded process has ended, and its id belongs to another one: of this boot, or of a later one."""
    stranger = subprocess.Popen(["sleep", str(LIMIT)])
    try:
        deployment.call("start")
        deployment.call("stop")
        start = Path(f"/proc/{stranger.pid}/stat").read_text().rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        before = (int(start) - 1, boot) if field == "start time" else (start, "another boot")
        deployment.pid_file.write_text(f"{stranger.pid} {before[0]} {before[1]}\n")
        assert deployment.call("status") == (3, "stopped")
        assert deployment.call("stop") == (0, "stopped")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_was_killed_is_started_again(deployment: Deployment) -> None:
    deployment.call("start")
    pid = deployment.pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))
    assert deployment.call("status") == (3, "stopped")
    assert deployment.call("start") == (0, "started")


def test_an_unknown_command_is_refused_with_the_usage(deployment: Deployment) -> None:
    assert deployment.call("restart") == (2, "")


def test_the_script_passes_shellcheck(deployment: Deployment) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    subprocess.run([shellcheck, deployment.script], check=True)
