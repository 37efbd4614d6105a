"""The use cases of a client among in-memory twins, with a supervisor that hears the doorbell."""

from __future__ import annotations

import itertools

from pulsar_runtime.application.manager_rules import ManagerRules
from pulsar_runtime.application.service import JobService
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Job, SetupRequest, Submission, Tool
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.testing.doorbell import InMemoryDoorbell
from pulsar_runtime.testing.job_files import InMemoryJobFiles
from runtime.tests.unit.application.supervision import A_MOMENT, MAIN, Supervision

#: Gives jobs ids of its own.
ASSIGNING = ManagerName("assigning")
#: Keeps job directories.
KEEPING = ManagerName("keeping")
#: Stages where the main manager stages.
NEIGHBOUR = ManagerName("neighbour")

TOOL = Tool(id="cat1", version="1.0")


class Served:
    """A service, the agent behind it, and a client's short ways to say things."""

    def __init__(self) -> None:
        self.world = Supervision()
        self.world.start()
        self.store = self.world.store
        self.files = InMemoryJobFiles()
        self.doorbell = InMemoryDoorbell(agent=self.world.agent.supervisor.look)
        numbers = itertools.count(1)
        self.service = JobService(
            store=self.store,
            managers={
                MAIN: self._rules(MAIN, "/staging"),
                NEIGHBOUR: self._rules(NEIGHBOUR, "/staging"),
                ASSIGNING: self._rules(ASSIGNING, "/assigned", assign_ids=True),
                KEEPING: self._rules(KEEPING, "/kept", keep_directories=True),
            },
            doorbell=self.doorbell,
            new_id=lambda: JobId(f"{next(numbers):032x}"),
            clock=self.world.clock,
            sleep=self.world.pass_time,
        )

    def setup(self, name: str = "1", manager: ManagerName = MAIN) -> Job:
        """Set up a job."""
        return self.service.setup(manager, SetupRequest(job_id=JobId(name), tool=TOOL))

    def submit(self, name: str = "1", submission: Submission | None = None) -> None:
        """Submit a job."""
        self.service.submit(MAIN, JobId(name), submission or Submission(command_line="true"))

    def running(self, name: str = "1") -> Job:
        """Return a job that runs."""
        job = self.setup(name)
        self.submit(name)
        self.world.pass_time(A_MOMENT)
        assert self.world.status(job) is JobStatus.RUNNING
        return job

    def ended(self, name: str = "1", code: int = 0) -> Job:
        """Return a job that has ended."""
        job = self.running(name)
        self.world.host.end(f"{job.key}-1", code)
        return self.world.now(job)

    def stop_agent(self) -> None:
        """Let nobody hear the doorbell, nor look at the store without it; jobs go on."""
        self.doorbell.agent = None
        self.world.replace_agent()

    def _rules(
        self, name: ManagerName, staging: str, *, assign_ids: bool = False, keep_directories: bool = False
    ) -> ManagerRules:
        return ManagerRules(
            name=name,
            staging_directory=staging,
            files=self.files,
            assign_ids=assign_ids,
            maximum_stream_size=10,
            keep_directories=keep_directories,
        )
