"""A server that runs for one measurement, in a directory and on a port of its own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import attrs

from benchmarks import processes
from benchmarks.batch_system import BatchSystem
from benchmarks.broker import MessageBroker
from benchmarks.connection import OK, Connection
from benchmarks.deadline import Deadline
from benchmarks.failure import MeasurementFailed
from benchmarks.job_client import JobClient
from benchmarks.product import Product, Site

START_SECONDS = 60.0
#: gunicorn gives its workers 30 s by default.
STOP_SECONDS = 40.0
LOOK_SECONDS = 0.005
#: Each look takes a new connection to the broker.
BROKER_LOOK_SECONDS = 0.05


@attrs.define(kw_only=True)
class Server:
    """Start and end everything that one server consists of, and nothing else."""

    product: Product
    site: Site
    command: list[str]
    broker: MessageBroker | None = None
    """Where it meets Galaxy, if that is not at its port."""
    process: subprocess.Popen[bytes] | None = None
    started_in: float = 0.0
    """Seconds from the last start until the server answered that it can work, or took jobs."""

    @classmethod
    def prepared(
        cls,
        product: Product,
        directory: Path,
        staging: Path,
        concurrent_jobs: int,
        broker: MessageBroker | None = None,
        *,
        batch_system: BatchSystem | None = None,
        curl: bool = False,
    ) -> Self:
        """Configure a server without starting it."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        site = Site(
            directory=directory,
            staging=staging,
            port=port,
            token=secrets.token_hex(16),
            concurrent_jobs=concurrent_jobs,
            broker_url=None if broker is None else broker.url,
            batch_system=batch_system,
            curl=curl,
        )
        return cls(product=product, site=site, command=product.configure(site), broker=broker)

    def client(self) -> JobClient:
        """Return a client with a connection of its own."""
        return JobClient.to(self.site.port, self.site.token)

    def start(self) -> None:
        """Start the server and wait until it answers that it can work, or takes jobs from the broker."""
        system = self.site.batch_system
        places = [str(Path(self.command[0]).parent), *([] if system is None else [str(system.commands)])]
        with self._log_path.open("ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen(
                self.command,
                cwd=self.site.directory,
                env={"PATH": ":".join([*places, os.defpath]), "HOME": str(self.site.directory)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        Deadline(START_SECONDS, f"{self.product.name}: start").until(
            self._is_ready, every=LOOK_SECONDS if self.broker is None else BROKER_LOOK_SECONDS
        )
        self.started_in = time.monotonic() - begun

    def processes(self) -> list[int]:
        """Return the processes that the server consists of, without its jobs."""
        return [] if self.process is None else processes.server_processes(self.process.pid)

    def end(self, with_signal: signal.Signals) -> None:
        """Send a signal to every process of the server and wait; what has not ended by then is killed."""
        pids = self.processes()
        _send(pids, with_signal)
        try:
            Deadline(STOP_SECONDS, "stop").until(lambda: not self._any_runs(pids), every=LOOK_SECONDS)
        except MeasurementFailed:
            _send(pids, signal.SIGKILL)
            Deadline(STOP_SECONDS, "stop after SIGKILL").until(
                lambda: not self._any_runs(pids), every=LOOK_SECONDS
            )

    def log_tail(self) -> str:
        """Return the last lines that the server wrote."""
        lines = self._log_path.read_text(errors="replace").splitlines() if self._log_path.exists() else []
        return "\n".join(lines[-15:])

    @property
    def _log_path(self) -> Path:
        return self.site.directory / "server.log"

    def _is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise MeasurementFailed(f"{self.product.name} has ended with exit code {self.process.returncode}")
        return self._answers() if self.broker is None else self.broker.has_consumer("setup")

    def _answers(self) -> bool:
        try:
            with Connection(self.site.port) as connection:
                target = f"{self.product.ready_path}?private_token={self.site.token}"
                return connection.request("GET", target).status == OK
        except ConnectionError:
            return False

    def _any_runs(self, pids: list[int]) -> bool:
        if self.process is not None:
            self.process.poll()  # a child that nobody waits for would stay as a zombie
        return any(processes.is_running(pid) for pid in pids)


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
