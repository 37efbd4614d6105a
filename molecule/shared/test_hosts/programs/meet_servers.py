"""Play a Galaxy that meets its servers at a broker, and whose files they fetch and bring themselves.

A program for Galaxy's host, where it finds parts of the checkout's tests: it reads one request per line of
standard input and answers each with one line, both JSON. `/root/servers.json` has, by a server's name, how
Galaxy would be configured for it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runtime.tests.files_api import Fault, FilesApi
from runtime.tests.interop.galaxy_client import GalaxyClient
from runtime.tests.interop.galaxy_job import GalaxyJob
from runtime.tests.interop.galaxy_side import Library, Runner

SERVERS = Path("/root/servers.json")
JOBS = Path("/srv/galaxy/jobs")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - the host is on the network of each server

Json = dict[str, Any]


class InThisProcess(GalaxyClient):
    """Has the client library do its work here and now."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def call(self, operation: str, job: str, **arguments: object) -> Json:
        """Have the library carry out *operation* and return its result."""
        answer: Json = getattr(self._runner, operation)(job, arguments)
        return answer


class Gate(threading.Event):
    """Knows how many wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the event, as one of those that do."""
        self.waiting += 1
        try:
            return super().wait(timeout)
        finally:
            self.waiting -= 1


class Galaxy:
    """Its public methods are the requests."""

    def __init__(self) -> None:
        self._servers: Json = json.loads(SERVERS.read_text())
        self._runner = Runner(Library())
        self._files = FilesApi(Path("/"), address=EVERYWHERE)
        self._files.start()
        self._gate = Gate()
        #: What each job has to make, and where.
        self._expected: dict[str, tuple[bytes, Path]] = {}

    def submit(self, server: str, job: str, command: str, size: int, hold: str) -> None:
        """Send a job whose *command* reads `GIVEN`, of *size* bytes, and makes `MADE`, the same and `run`.

        Its first request for the input (*hold* is ``in``) or with the output (``out``) is held up in the
        middle of the file.
        """
        facts = self._servers[server]
        galaxy_job = GalaxyJob(
            client=InThisProcess(self._runner),
            directory=JOBS / job,
            destination=facts["destination"],
            job_id=job,
            manager_options=facts["runner"],
            files_endpoint=self._files.endpoint.replace("127.0.0.1", "galaxy"),
        )
        content = random.Random(job).randbytes(size)  # noqa: S311 - unlike any other job's, and not secret
        given = galaxy_job.input(f"{job}.in", content)
        made = galaxy_job.output(f"{job}.out")
        fault = Fault(gate=self._gate, gate_after=size // 2)
        if hold == "in":
            self._files.plan(fault, "GET", given.name)
        elif hold == "out" and facts["destination"]["default_file_action"] == "remote_transfer_tus":
            # What comes in pieces goes by another name until it is whole, but no other file is as large.
            self._files.plan(fault, "PATCH", at_least=size // 2)
        elif hold == "out":
            self._files.plan(fault, "POST", made.name)
        self._expected[job] = content + b"run\n", made
        galaxy_job.submit(command.replace("GIVEN", str(given)).replace("MADE", str(made)))

    def held(self) -> int:
        """Return how many requests are held up."""
        return self._gate.waiting

    def release(self) -> None:
        """Let them go on."""
        gate, self._gate = self._gate, Gate()
        gate.set()

    def close_files(self) -> None:
        """Break all connections of the files API, and let nobody connect."""
        self._files.stop()

    def open_files(self) -> None:
        """Start it again, at the same address."""
        self._files.start()

    def statuses(self, job: str) -> list[str]:
        """Return what was said of a job, in its order."""
        return [update["status"] for update in list(self._runner.told_updates) if update["job_id"] == job]

    def delivered(self, job: str) -> bool:
        """Tell whether Galaxy has what the job had to make, and no byte more."""
        expected, made = self._expected[job]
        return made.exists() and made.read_bytes() == expected


def main() -> None:
    """Answer requests until standard input ends; any error ends the program."""
    galaxy = Galaxy()
    requests: Mapping[str, Callable[..., object]] = {
        name: getattr(galaxy, name)
        for name in ("submit", "held", "release", "close_files", "open_files", "statuses", "delivered")
    }
    answers, sys.stdout = sys.stdout, sys.stderr  # what the library prints is not an answer
    try:
        for line in sys.stdin:
            operation, arguments = json.loads(line)
            answers.write(json.dumps(requests[operation](**arguments)) + "\n")
            answers.flush()
    finally:
        if error := sys.exception():
            traceback.print_exception(error)
        # The library listens in threads that do not end by themselves.
        os._exit(0)


if __name__ == "__main__":
    main()
