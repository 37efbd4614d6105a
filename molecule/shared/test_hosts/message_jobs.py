"""Jobs that go to servers by messages, each held up in one phase of its life."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import attrs
from testinfra.host import Host

from .message_galaxy import MessageGalaxy
from .waiting import NotInTime, wait_until

#: What may hold up a job: its input, its own work, its output.
PHASES = ("in", "run", "out")
ENDS = {"complete", "cancelled", "failed", "lost"}
MEGABYTE = 1024 * 1024
#: Larger than any buffer between the two sides.
SIZE = 12 * MEGABYTE
END_LIMIT = 60.0


@attrs.frozen(kw_only=True)
class MessageJob:
    """One job of a *server*; on its *host* it notes its start and its end, in a file of its own."""

    galaxy: MessageGalaxy
    server: str
    host: Host
    phase: str = ""
    name: str = attrs.field(factory=lambda: uuid.uuid4().hex)

    def submit(self) -> None:
        """Send the job; its output is its input, and what it has noted so far."""
        wait = f"until [ -e {self._notes}.go ]; do sleep 0.1; done; " if self.phase == "run" else ""
        work = f"cat GIVEN {self._notes} > MADE"
        command = f"echo run >> {self._notes}; {wait}{work}; echo end >> {self._notes}"
        self.galaxy.call(
            "submit", server=self.server, job=self.name, command=command, size=SIZE, hold=self.phase
        )

    def notes(self) -> str:
        """Return what it has noted."""
        return str(self.host.check_output(f"cat {self._notes} || true"))

    def go(self) -> None:
        """Let it end its work."""
        self.host.check_output(f"touch {self._notes}.go")

    def ends(self) -> set[str]:
        """Return what Galaxy was told of the job's end."""
        return ENDS & set(self.galaxy.call("statuses", job=self.name))

    def outcome(self) -> tuple[set[str], str, bool]:
        """Return what was said of its end, what it noted, and whether Galaxy has all of its output."""
        return self.ends(), self.notes(), self.galaxy.call("delivered", job=self.name)

    @property
    def _notes(self) -> str:
        return f"/var/tmp/{self.name}.notes"  # noqa: S108 - of a host that is there for the test


#: The outcome of a job that did its work once, and of which everything arrived.
ONCE = ({"complete"}, "run\nend", True)


@attrs.frozen
class MessageJobs:
    """Jobs that were submitted together."""

    galaxy: MessageGalaxy
    jobs: list[MessageJob]

    @classmethod
    @contextmanager
    def held(cls, galaxy: MessageGalaxy, servers: Mapping[str, Host]) -> Iterator[MessageJobs]:
        """Submit a job for each phase to each server, and go on when each is held up in its phase.

        In the end nothing is held up any more.
        """
        jobs = cls(
            galaxy,
            [
                MessageJob(galaxy=galaxy, server=server, host=host, phase=phase)
                for server, host in servers.items()
                for phase in PHASES
            ],
        )
        transferred = sum(job.phase != "run" for job in jobs.jobs)
        try:
            for job in jobs.jobs:
                job.submit()
            # Whoever has lost the broker for long does not look for it all the time.
            wait_until(lambda: galaxy.call("held") == transferred, END_LIMIT)
            wait_until(lambda: all(job.notes() for job in jobs.running))
            yield jobs
        finally:
            jobs.release()

    @property
    def running(self) -> list[MessageJob]:
        """Those that are held up in their work."""
        return [job for job in self.jobs if job.phase == "run"]

    def release(self) -> None:
        """Let all go on."""
        self.galaxy.call("release")
        for job in self.running:
            job.go()

    def unlike_once(self) -> Mapping[str, tuple[set[str], str, bool]]:
        """Wait for the ends, and return the outcome of each job that is not `ONCE`."""
        with suppress(NotInTime):  # What has not ended is told by its outcome.
            wait_until(lambda: all(job.ends() for job in self.jobs), END_LIMIT)
        found = {f"{job.server} {job.phase} {job.name}": job.outcome() for job in self.jobs}
        return {job: outcome for job, outcome in found.items() if outcome != ONCE}
