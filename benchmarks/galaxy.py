"""The Galaxy that a site is driven by over a broker: its job runner, and its API for the files of jobs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import attrs

from benchmarks.deadline import Deadline
from benchmarks.environment import ROOT
from benchmarks.failure import MeasurementFailed
from benchmarks.files_api import FilesApi, running_files_api
from benchmarks.product import MANAGER
from benchmarks.server import Server
from runtime.tests.interop.client_environment import VERSIONS, client_python

ENDS = ("complete", "failed", "cancelled", "lost")
LISTEN_SECONDS = 30.0
LOOK_SECONDS = 0.02


@attrs.frozen(kw_only=True)
class Task:
    """A job to send; *outputs* are Galaxy's paths, and the command makes files of the same names."""

    job_id: str
    command: str = "true"
    inputs: Sequence[Path] = ()
    outputs: Sequence[Path] = ()


@attrs.frozen
class Update:
    """What was said of a job, and when."""

    at: float
    status: str
    return_code: int | None


@attrs.frozen(kw_only=True)
class Course:
    """When a job was sent, and what was said of it in which order."""

    sent: float
    updates: Sequence[Update]

    def first(self, *statuses: str) -> Update | None:
        """Return the first update that says one of these."""
        return next((update for update in self.updates if update.status in statuses), None)


@attrs.frozen(kw_only=True)
class Campaign:
    """What became of jobs that were sent together."""

    courses: Mapping[str, Course]
    #: What the process of the client library took.
    cpu_seconds: float

    @property
    def begun(self) -> float:
        """When the first job was sent."""
        return min(course.sent for course in self.courses.values())

    def completed(self) -> list[float]:
        """Return when each job was said to be complete, in the order in which they were sent."""
        if ends := {update.status for one in self.courses.values() if (update := one.first(*ENDS))} - {
            "complete"
        }:
            raise MeasurementFailed(f"jobs were said to be {' and '.join(sorted(ends))}")
        return self.reached("complete")

    def reached(self, *statuses: str) -> list[float]:
        """Return when each job was first said to be one of these, in the order in which they were sent."""
        found = {job_id: course.first(*statuses) for job_id, course in self.courses.items()}
        if missing := [job_id for job_id, update in found.items() if update is None]:
            raise MeasurementFailed(
                f"{len(missing)} of {len(found)} jobs were not said to be {' or '.join(statuses)}, "
                f"job {missing[0]} of them: {self.courses[missing[0]].updates}"
            )
        return [update.at for update in found.values() if update is not None]


@attrs.frozen(kw_only=True)
class Galaxy:
    """Sends jobs; its process and its API are there until its `running_galaxy` ends."""

    files: FilesApi
    process: subprocess.Popen[str]

    def run(
        self, tasks: Sequence[Task], deadline: Deadline, *, outstanding: int, until: Sequence[str] = ENDS
    ) -> Campaign:
        """Send jobs, so many at a time, until of each one of *until* was said or the time is up."""
        requests, answers = self.process.stdin, self.process.stdout
        campaign = {
            "jobs": [_described(task) for task in tasks],
            "outstanding": outstanding,
            "until": until,
            "limit": deadline.left(),
        }
        line = _asked(json.dumps(campaign), requests, answers)
        if not line:
            raise MeasurementFailed(f"the client library ended with {self.process.wait()}")
        answer = json.loads(line)
        return Campaign(
            courses={
                job_id: Course(sent=sent, updates=[Update(*update) for update in answer["updates"][job_id]])
                for job_id, sent in answer["sent"].items()
            },
            cpu_seconds=answer["cpu_seconds"],
        )


@contextmanager
def running_galaxy(server: Server) -> Iterator[Galaxy]:
    """Run a Galaxy that uses *server*, for as long as the block lasts."""
    broker = server.broker
    if broker is None:
        raise ValueError("the server and Galaxy have no broker")
    directory = server.site.directory / "galaxy"
    for name in ("working", "metadata", "tool"):
        (directory / name).mkdir(parents=True)
    with running_files_api() as files, (directory / "galaxy.log").open("wb") as log:
        configuration = {
            "amqp_url": broker.url,
            "manager": MANAGER,
            "destination": {
                "jobs_directory": str(server.site.staging),
                "default_file_action": "remote_transfer",
            },
            "files_endpoint": files.endpoint,
            **{f"{name}_directory": str(directory / name) for name in ("working", "metadata", "tool")},
        }
        process = subprocess.Popen(
            [str(client_python(VERSIONS[0])), "-m", "benchmarks.galaxy_side", json.dumps(configuration)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            # What is said before Galaxy listens is lost (protocol section 6.1).
            Deadline(LISTEN_SECONDS, "Galaxy listens").until(
                lambda: broker.has_consumer("status_update"), every=LOOK_SECONDS
            )
            yield Galaxy(files=files, process=process)
        finally:
            process.kill()
            process.communicate()


def _described(task: Task) -> dict[str, object]:
    return {
        "job_id": task.job_id,
        "command": task.command,
        "inputs": list(map(str, task.inputs)),
        "outputs": list(map(str, task.outputs)),
    }


def _asked(line: str, requests: IO[str] | None, answers: IO[str] | None) -> str:
    """Write a line to the program and read one; both ends are pipes."""
    if requests is None or answers is None:
        raise ValueError("the program was not started with pipes")
    requests.write(line + "\n")
    requests.flush()
    return answers.readline()
