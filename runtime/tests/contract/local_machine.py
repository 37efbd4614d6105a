"""The world of the local manager: real processes, a real reactor, and records in a directory."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers import keeper, launch_record
from pulsar_runtime.managers.local import LocalManager
from pulsar_runtime.ports import JobManager

_LIMIT_SECONDS = 3.0
#: How long the agent works at a time.
_TURN_SECONDS = 0.005
#: How long nothing more must happen.
_QUIET_SECONDS = 0.05

#: Says that it was started, then waits to be told how to end.
_JOB = """\
echo {name} >> {starts}
read -r code < {orders}
exit "$code"
"""


class LocalMachine:
    """Implements `Machine` with the processes of this machine."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        self._monkeypatch = monkeypatch
        self._reactor = SelectorReactor()
        self._keepers: dict[str, subprocess.Popen[bytes]] = {}
        self._orders: dict[str, int] = {}
        self._told: list[ExternalId] = []
        #: Whether there is no agent, so that what happens is to have happened before the next one comes.
        self._unattended = False
        self._starts = directory / "starts"
        self._starts.touch()
        start = keeper.start

        def start_and_remember(
            spec: LaunchSpec, record: str, environ: Mapping[str, str], job: keeper.Job
        ) -> keeper.Started:
            """Remember every keeper: a manager that was closed does not reap it any more."""
            started = start(spec, record, environ, job)
            self._keepers[spec.launch_id] = started.process
            return started

        (directory / "launches").mkdir(mode=0o700, exist_ok=True)
        monkeypatch.setattr(keeper, "start", start_and_remember)

    def manager(self, limit: int | None = None) -> JobManager:
        return LocalManager(
            limit=limit,
            records=self._directory / "launches",
            reactor=self._reactor,
            changed=self._told.append,
            environ={"PATH": os.environ["PATH"], "HOME": str(self._directory)},
            kill_after_seconds=0.2,
        )

    def restarted(
        self,
        earlier: JobManager,
        *,
        limit: int | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> JobManager:
        earlier.close()
        self._reactor.close()
        self._reactor = SelectorReactor()
        if meanwhile:
            self._unattended = True
            meanwhile()
            self._unattended = False
        return self.manager(limit)

    def job(self, name: str) -> LaunchSpec:
        directory = self._directory / name
        if not directory.exists():
            directory.mkdir()
            orders = directory / "orders"
            os.mkfifo(orders)
            # Open at both ends, so that neither side waits for the other.
            self._orders[name] = os.open(orders, os.O_RDWR)
            script = _JOB.format(name=shlex.quote(name), starts=self._starts, orders=shlex.quote(str(orders)))
            (directory / "command.sh").write_text(script)
        return LaunchSpec(
            launch_id=name,
            script=str(directory / "command.sh"),
            working_directory=str(directory),
            stdout=str(directory / "stdout"),
            stderr=str(directory / "stderr"),
        )

    def begin_to_start(self, spec: LaunchSpec) -> None:
        record = self._directory / "launches" / spec.launch_id
        os.close(launch_record.create(str(record), "0" * 32))

    def end(self, spec: LaunchSpec, exit_code: int) -> None:
        os.write(self._orders[spec.launch_id], f"{exit_code}\n".encode())
        if self._unattended:
            self._keepers[spec.launch_id].wait(_LIMIT_SECONDS)

    def kill_without_a_trace(self, spec: LaunchSpec) -> None:
        _kill(self._keepers[spec.launch_id])

    def reboot(self) -> None:
        for process in self._keepers.values():
            _kill(process)
        self._monkeypatch.setattr(launch_record, "boot_identity", lambda: "the next life of this host")

    def starts(self) -> list[str]:
        return self._starts.read_text().splitlines()

    def told(self) -> list[str]:
        return [*self._told]

    def forget_what_was_told(self) -> None:
        self._told.clear()

    def work(self) -> None:
        self._run(_QUIET_SECONDS)

    def work_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"not within {_LIMIT_SECONDS} s; started: {self.starts()}"
            self._run(_TURN_SECONDS)

    def end_everything(self) -> None:
        """Kill what still runs, and release what is held."""
        for process in self._keepers.values():
            _kill(process)
        for descriptor in self._orders.values():
            os.close(descriptor)
        self._reactor.close()

    def _run(self, seconds: float) -> None:
        self._reactor.call_later(seconds, self._reactor.stop)
        self._reactor.run()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a keeper and its job, and take away what is left of them."""
    if process.poll() is None:
        # The keeper first: it would write down that its job was killed.
        os.kill(process.pid, signal.SIGKILL)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_LIMIT_SECONDS)
