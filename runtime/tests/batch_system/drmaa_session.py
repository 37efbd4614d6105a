"""The session's process with a stand-in of the DRMAA library, which is a cluster in a directory.

A program of its own: ``drmaa_session.py DIRECTORY STATE``.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from pulsar_runtime.managers.drmaa import session
from pulsar_runtime.managers.drmaa.library import (
    DONE,
    INVALID_JOB,
    PENDING,
    RUNNING,
    DrmaaError,
    Ended,
    Library,
)
from runtime.tests.batch_system.cluster import Cluster

_DENIED = 17
_UNREACHABLE = 2


class ClusterLibrary(Library):
    """The library's methods; the path is the cluster's directory."""

    def __init__(self, path: str) -> None:
        self._cluster = Cluster(Path(path))
        self._contact = ""

    def _meet(self, function: str) -> None:
        path = self._cluster.directory / "faults.json"
        match json.loads(path.read_text()).get(function) if path.exists() else None:
            case "refuse":
                raise DrmaaError(_DENIED, "Job was rejected because job requests unknown queue")
            case "fail":
                raise DrmaaError(_UNREACHABLE, "unable to contact qmaster")
            case "hang":
                time.sleep(60)
            case "crash":
                sys.exit(139)

    def open(self, contact: str | None) -> str:
        self._meet("open")
        self._contact = contact or f"session={time.monotonic_ns()}"
        return self._contact

    def run(self, attributes: dict[str, str], arguments: Sequence[str]) -> str:
        self._meet("run")
        words = shlex.join([attributes["remote_command"], *arguments])
        number = self._cluster.submit(
            attributes["job_name"], f"cd {shlex.quote(attributes['wd'])}\n{words}\n"
        )
        with self._cluster.jobs() as jobs:
            jobs[number].update(session=self._contact, native=attributes.get("native_specification", ""))
        return number

    def state(self, number: str) -> str | None:
        self._meet("state")
        with self._cluster.jobs() as jobs:
            if number not in jobs or jobs[number]["state"] == "vanished":
                raise DrmaaError(INVALID_JOB, "The job specified by the 'jobid' does not exist.")
            return {"pending": PENDING, "running": RUNNING}.get(jobs[number]["state"], DONE)

    def terminate(self, number: str) -> None:
        self._meet("terminate")
        if not self._cluster.cancel([number]):
            raise DrmaaError(INVALID_JOB, "The job specified by the 'jobid' does not exist.")

    def wait(self, seconds: int) -> Ended | None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self._cluster.jobs() as jobs:
                ours = [job for job in jobs.values() if job.get("session") == self._contact]
                for job in ours:
                    if job["state"] in ("done", "cancelled", "killed") and "reaped" not in job:
                        job["reaped"] = True
                        signal = "SIGKILL" if job["state"] == "killed" else ""
                        return Ended(job["number"], job["code"], signal, {})
            if all("reaped" in job or job["state"] == "vanished" for job in ours):
                raise DrmaaError(INVALID_JOB, "no jobs")
            time.sleep(0.01)
        return None


if __name__ == "__main__":
    sys.exit(session.main(ClusterLibrary))
