"""A stager that moves no files."""

from __future__ import annotations

from collections.abc import Sequence

from pulsar_runtime.domain.errors import PulsarRuntimeError
from pulsar_runtime.domain.job import Job, Submission
from pulsar_runtime.domain.staging import StageOutPlan, Transfer
from pulsar_runtime.ports import Ended
from pulsar_runtime.testing.faults import Faults


class InMemoryStager:
    """Implements the port `Stager`, and remembers what it was asked for.

    Phases end at once, unless a test sets *waits*: then they end when it calls `end`.
    """

    def __init__(self) -> None:
        self.faults = Faults()
        self.waits = False
        #: The submissions that were looked at, in their order.
        self.checked: list[Submission] = []
        #: The jobs whose files were staged in, with the transfers, in their order.
        self.staged_in: list[tuple[Job, Sequence[Transfer]]] = []
        #: The jobs whose outputs were sent, with the plans and whether it was *again*, in their order.
        self.staged_out: list[tuple[Job, StageOutPlan, bool]] = []
        #: Jobs that are in a phase.
        self._phases: dict[int, Ended] = {}

    def check(self, submission: Submission) -> None:
        """Accept every action."""
        self.faults.meet(self.check)
        self.checked.append(submission)

    def stage_in(self, job: Job, transfers: Sequence[Transfer], ended: Ended) -> None:
        """Remember the job."""
        self.faults.meet(self.stage_in)
        self.staged_in.append((job, transfers))
        self._begin(job, ended)

    def stage_out(self, job: Job, plan: StageOutPlan, ended: Ended, *, again: bool) -> None:
        """Remember the job."""
        self.faults.meet(self.stage_out)
        self.staged_out.append((job, plan, again))
        self._begin(job, ended)

    def stop(self, key: int) -> None:
        """Forget a job's phase."""
        self._phases.pop(key, None)

    def staging(self, key: int) -> bool:
        """Tell whether a job is in a phase."""
        return key in self._phases

    def end(self, key: int, problem: PulsarRuntimeError | None = None) -> None:
        """End a job's phase."""
        self._phases.pop(key)(problem)

    def forget(self) -> None:
        """Forget every phase, as when the agent is gone."""
        self._phases.clear()

    def _begin(self, job: Job, ended: Ended) -> None:
        if self.waits:
            self._phases[job.key] = ended
        else:
            ended(None)
