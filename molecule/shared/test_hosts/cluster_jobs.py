"""Jobs that a server hands to a cluster, as Galaxy sees them, and what they noted where they ran."""

from __future__ import annotations

import json
import shlex
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from testinfra.host import Host

from .endpoint import Endpoint
from .galaxy import Galaxy
from .waiting import wait_until

#: A directory that all hosts of the cluster share, and where every user may write.
TRACES = "/srv/shared/traces"
LIMIT = 120.0
#: What the program takes beside its waiting.
ANSWER_LIMIT = 30.0


@attrs.frozen(kw_only=True)
class ClusterJob:
    """One job, which notes its start, with the host and the user, and its end in a file of its own."""

    #: The server's host, which sees those notes.
    host: Host
    name: str = attrs.field(factory=lambda: f"cluster-{uuid.uuid4().hex[:12]}")

    def command(self, work: str) -> str:
        """Return the command line of the job when *work* is to be done."""
        start = f'echo "start $(hostname) $(id -un)" >> {self._notes}'
        return f"{start}; {work} && echo end >> {self._notes}"

    @property
    def gate(self) -> str:
        """What a job's work is that lasts until `release`, and not much longer than any test does."""
        return f"for _ in $(seq 600); do [ ! -e {self._notes}.go ] || break; sleep 0.2; done"

    def release(self) -> None:
        """Let the job go on at its gate."""
        self.host.check_output(f"touch {self._notes}.go")

    def notes(self) -> list[str]:
        """Return what it has noted: ``start HOST USER`` when it began, and ``end``."""
        return str(self.host.check_output(f"cat {self._notes} || true")).splitlines()

    def wait_for_start(self) -> None:
        """Return when it runs."""
        wait_until(lambda: bool(self.notes()), LIMIT)

    @property
    def _notes(self) -> str:
        return f"{TRACES}/{self.name}"


@attrs.frozen(kw_only=True)
class Cluster:
    """A server and its cluster, as Galaxy uses them: *parameters* of its destination go with each job."""

    galaxy: Galaxy
    endpoint: Endpoint
    host: Host
    parameters: Mapping[str, str] = attrs.field(factory=dict)

    def with_parameters(self, **parameters: str) -> Cluster:
        """Return the same cluster by way of another destination; ``manager`` names another manager."""
        return attrs.evolve(self, parameters={**self.parameters, **parameters})

    def submit(self, *works: str) -> list[ClusterJob]:
        """Submit a job for each work, a command of the shell, and return when the server has accepted all."""
        jobs = {ClusterJob(host=self.host): work for work in works}
        self._ask("submit", json.dumps({job.name: job.command(work) for job, work in jobs.items()}))
        return list(jobs)

    def submit_gated(self, count: int) -> list[ClusterJob]:
        """Submit jobs that last until they are released."""
        jobs = [ClusterJob(host=self.host) for _ in range(count)]
        self._ask("submit", json.dumps({job.name: job.command(job.gate) for job in jobs}))
        return jobs

    def ending(self, job: ClusterJob, seconds: float = LIMIT) -> Mapping[str, Any]:
        """Wait for the end of a job, and return all that Galaxy is told of it."""
        return self.endings([job], seconds)[job.name]

    def endings(self, jobs: Sequence[ClusterJob], seconds: float = LIMIT) -> Mapping[str, Mapping[str, Any]]:
        """Wait for the ends of jobs; one that has not ended in time has none."""
        endings: dict[str, dict[str, Any]] = self._ask(
            "wait", json.dumps([job.name for job in jobs]), str(seconds), limit=seconds
        )
        return endings

    def cancel(self, job: ClusterJob) -> None:
        """End a job as Galaxy does when its user has had enough."""
        self._ask("cancel", job.name)

    def unlike_once(self, jobs: Sequence[ClusterJob], seconds: float = LIMIT) -> Mapping[str, object]:
        """Wait for the ends, and return each job that did not do its work once, as Galaxy is told, too.

        With it come its status, return code, notes and error stream.
        """
        endings, found = self.endings(jobs, seconds), {}
        for job in jobs:
            ending, notes = endings.get(job.name, {}), job.notes()
            facts = ending.get("status"), ending.get("returncode"), [note.split()[0] for note in notes]
            if facts != ("complete", 0, ["start", "end"]):
                found[job.name] = (*facts, ending.get("job_stderr"))
        return found

    def shown(self, job: ClusterJob) -> str:
        """Return what the server's administrator is told of a job."""
        service = self.endpoint.descriptor["service"]
        manager = self.parameters.get("manager", "_default_")
        words = [service["program"], "jobs", "show", job.name, "--manager", manager]
        return str(self.host.check_output(shlex.join([*words, "--config", service["config"]])))

    def _ask(self, *arguments: str, limit: float = 0.0) -> Any:  # noqa: ANN401 - any JSON
        process = self.galaxy.start(
            "cluster_jobs.py", self.endpoint, json.dumps(dict(self.parameters)), *arguments
        )
        with process:
            output, _ = process.communicate(timeout=limit + ANSWER_LIMIT)
        if process.returncode != 0:
            raise AssertionError(f"the client could not {arguments[0]}: see its complaint above")
        return json.loads(output)
