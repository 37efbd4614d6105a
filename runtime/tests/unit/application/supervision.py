"""A supervisor among in-memory twins."""

from __future__ import annotations

from functools import partial

import attrs

from pulsar_runtime.application.supervisor import ManagerWorks, Supervisor
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, JobId, ManagerName
from pulsar_runtime.domain.job import Job, Submission, Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import (
    ExpectedOutputs,
    HttpFile,
    OutputRoutes,
    StageOutPlan,
    StagingPlan,
    Transfer,
    Way,
)
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.host import InMemoryHost
from pulsar_runtime.testing.job_manager import InMemoryManager
from pulsar_runtime.testing.job_store import InMemoryJobStore
from pulsar_runtime.testing.launch_preparer import InMemoryPreparer
from pulsar_runtime.testing.reactor import ManualReactor
from pulsar_runtime.testing.stager import InMemoryStager

AN_INPUT = Transfer(
    JobFile(Directory.INPUTS, RelativePath.parse("in.dat")), HttpFile("https://galaxy/in.dat")
)
OUTPUTS = StageOutPlan(
    expected=ExpectedOutputs(outputs=("/galaxy/out.dat",)), routes=OutputRoutes(default=Way.COPY)
)

#: The manager of routes that name none.
MAIN = DEFAULT_MANAGER

#: After so long a job that runs has been seen running.
A_MOMENT = 0.1

#: Longer than every pause of a supervisor.
A_WHILE = 30.0


@attrs.define
class Agent:
    """One life of an agent, with the managers that it is configured for."""

    supervisor: Supervisor
    reactor: ManualReactor
    managers: dict[ManagerName, InMemoryManager]


class Supervision:
    """A store, a host and stagers that outlive agents, and the present agent."""

    def __init__(self) -> None:
        self.clock = ManualClock(now=1000.0)
        self.store = InMemoryJobStore(self.clock)
        self.host = InMemoryHost()
        self.preparer = InMemoryPreparer()
        self.stager = InMemoryStager()
        self.agent = self._new_agent(MAIN)

    @property
    def manager(self) -> InMemoryManager:
        """The manager that jobs go to unless a test says otherwise."""
        return self.agent.managers[MAIN]

    def start(self) -> None:
        """Let the agent recover what there is, and do all that is due."""
        self.agent.supervisor.round()
        self.pass_time(A_MOMENT)

    def restart(self, *managers: ManagerName, limit: int | None = None) -> None:
        """Replace the agent, and start the new one."""
        self.replace_agent(*managers, limit=limit)
        self.start()

    def replace_agent(self, *managers: ManagerName, limit: int | None = None) -> None:
        """End the agent and have another one, for these managers."""
        for manager in self.agent.managers.values():
            manager.close()
        self.stager.forget()
        self.agent = self._new_agent(*(managers or (MAIN,)), limit=limit)

    def submit(
        self, name: str = "1", *, manager: ManagerName = MAIN, outputs: StageOutPlan | None = None
    ) -> Job:
        """Let a client set up and submit a job with an input that the server is to bring."""
        job = self.store.begin(manager, JobId(name), None, f"/staging/{name}", Tool())
        staging = StagingPlan(stage_in=(AN_INPUT,), stage_out=outputs)
        self.store.submit(job.key, Submission(command_line="true", staging=staging))
        return job

    def ring(self) -> None:
        """Tell the agent that there is something new, and let it work."""
        self.agent.supervisor.look()
        self.pass_time(A_MOMENT)

    def run(self, name: str = "1", *, outputs: StageOutPlan | None = None) -> Job:
        """Return a job that runs."""
        job = self.submit(name, outputs=outputs)
        self.ring()
        assert self.status(job) is JobStatus.RUNNING
        return job

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.agent.reactor.advance(seconds)

    def now(self, job: Job) -> Job:
        """Return a job as it is in the store."""
        present = self.store.get(job.key)
        assert present is not None
        return present

    def status(self, job: Job) -> JobStatus:
        """Return the status of a job."""
        return self.now(job).status

    def history(self, job: Job) -> list[str]:
        """Return the statuses that a job went through, each change once."""
        statuses = [event.status for event in self.store.events(job.key)]
        pairs = zip([None, *statuses], statuses, strict=False)
        return [status for before, status in pairs if status != before]

    def cancel(self, job: Job) -> None:
        """Let a client ask for the end of a job, and tell the agent."""
        self.store.request_cancel(job.key)
        self.agent.supervisor.look()

    def _new_agent(self, *names: ManagerName, limit: int | None = None) -> Agent:
        reactor = ManualReactor(self.clock)
        works: dict[ManagerName, ManagerWorks] = {}
        supervisor = Supervisor(self.store, works, reactor)
        managers = {
            name: InMemoryManager(
                host=self.host, reactor=reactor, changed=partial(supervisor.changed, name), limit=limit
            )
            for name in names
        }
        for name, manager in managers.items():
            works[name] = ManagerWorks(manager=manager, preparer=self.preparer, stager=self.stager)
        return Agent(supervisor, reactor, managers)
