"""Run the real server in processes of its own, for the tests that talk to it over HTTP.

A pytest plugin too: a failed test shows the end of the log of every server that it used.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import pytest
import requests
import yaml

START_LIMIT = 20.0
STOP_LIMIT = 20.0
LOG_LINES_SHOWN = 80


def serve_command(config: Path, bind: str) -> list[str]:
    """Return the command that serves *config* in the foreground."""
    program = Path(sysconfig.get_path("scripts")) / "pulsar-runtime"
    return [str(program), "serve", "--config", str(config), "--bind", bind]


class LiveServer:
    """One instance of the server: a directory that holds everything of it, and the processes it runs as.

    The configuration is *settings* over the defaults made here; a setting of `None` leaves its default out.
    *under* is the beginning of a command that runs the rest of it in some other way, such as ``setpriv``.
    Use `running_server`, which also ends what the instance leaves behind.
    """

    def __init__(
        self, directory: Path, settings: Mapping[str, object] | None = None, under: Sequence[str] = ()
    ) -> None:
        self._under = under
        self.directory = directory.resolve()
        self.staging = self.directory / "staging"
        self.config = self.directory / "app.yml"
        self.log = self.directory / "server.log"
        defaults = {
            "staging_directory": str(self.staging),
            "persistence_directory": str(self.directory / "persisted_data"),
            "private_token": "token-of-the-tests",
        }
        chosen = {key: value for key, value in {**defaults, **(settings or {})}.items() if value is not None}
        self.token = str(chosen.get("private_token", ""))
        self.bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.bind}/"
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(chosen))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it says that it is ready."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LANG": "C.UTF-8"}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._under, *serve_command(self.config, self.bind)],
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = self._process
        wait_until(
            lambda: process.poll() is not None or self.is_ready(), START_LIMIT, "the server is ready", self
        )
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}\n{self.log_tail()}")

    def is_ready(self) -> bool:
        """Tell whether the server answers that it is ready."""
        try:
            return requests.get(f"{self.url}readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """End the server as a person or a service manager would; jobs that run go on."""
        if self._process:
            _signal(self._process.pid, signal.SIGTERM)
            self._await_end(self._process)

    def kill(self) -> None:
        """Kill every process of the server at once; jobs that run go on."""
        if self._process:
            for pid in self.processes():
                _signal(pid, signal.SIGKILL)
            self._await_end(self._process)

    def restart(self) -> None:
        """Stop the server and start it again, with its files and at its address."""
        self.stop()
        self.start()

    @property
    def pid(self) -> int | None:
        """The process that was started; all of the server's own processes are in its session."""
        return self._process.pid if self._process else None

    def processes(self) -> list[int]:
        """Return the ids of the server's own processes: not of its jobs, which have sessions of their own."""
        return [pid for pid in _all_processes() if _session_of(pid) == self.pid]

    def log_tail(self) -> str:
        """Return the end of what the server has written."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-LOG_LINES_SHOWN:])

    def end_everything(self) -> None:
        """Kill the server, its jobs and their keepers: every process that works in or on the directory."""
        self.kill()
        deadline = time.monotonic() + STOP_LIMIT
        while left := [pid for pid in _all_processes() if _belongs_to(pid, self.directory)]:
            for pid in left:
                _signal(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise AssertionError(f"processes {left} of {self.directory} do not end")
            time.sleep(0.01)

    def _await_end(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired as exc:
            raise AssertionError(f"the server did not end within {STOP_LIMIT} s\n{self.log_tail()}") from exc
        wait_until(lambda: not self.processes(), STOP_LIMIT, "every process of the server has ended", self)
        self._process = None


@contextlib.contextmanager
def running_server(
    directory: Path, settings: Mapping[str, object] | None = None, under: Sequence[str] = ()
) -> Iterator[LiveServer]:
    """Run a server in *directory* for as long as the block lasts; nothing of it runs afterwards."""
    server = LiveServer(directory, settings, under)
    try:
        server.start()
        yield server
    finally:
        server.end_everything()


def wait_until(condition: Callable[[], bool], limit: float, what: str, server: LiveServer) -> None:
    """Wait for *condition*, at most *limit* seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit} s: {what}\n{server.log_tail()}")
        time.sleep(0.02)


@runtime_checkable
class KeepsLog(Protocol):
    """Something that keeps a log."""

    def log_tail(self) -> str:
        """Return the end of it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the logs of servers, sites and brokers to the report of a failed test."""
    report = yield
    if report.failed:
        values: Mapping[str, object] = getattr(item, "funcargs", {})
        for name, value in values.items():
            if isinstance(value, KeepsLog):
                report.sections.append((f"end of the log of {name}", value.log_tail()))
    return report


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _session_of(pid: int) -> int | None:
    """Return the session of a process that still runs."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, session = after_name[0], after_name[3]
    return None if state == "Z" else int(session)


def _belongs_to(pid: int, directory: Path) -> bool:
    if pid == os.getpid() or _session_of(pid) is None:
        return False
    try:
        works_in = Path(f"/proc/{pid}/cwd").readlink()
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return works_in.is_relative_to(directory) or any(os.fsencode(f"{directory}/") in one for one in arguments)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
