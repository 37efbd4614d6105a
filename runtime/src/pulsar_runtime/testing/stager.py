"""A stager that moves no files."""

from __future__ import annotations

from collections.abc import Sequence

from pulsar_runtime.domain.job import Job, Submission
from pulsar_runtime.domain.staging import StageInAction
from pulsar_runtime.testing.faults import Faults


class InMemoryStager:
    """Implements the port `Stager`, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.faults = Faults()
        #: The submissions that were looked at, in their order.
        self.checked: list[Submission] = []
        #: The jobs whose files were staged in, with the actions, in their order.
        self.staged_in: list[tuple[Job, Sequence[StageInAction]]] = []

    def check(self, submission: Submission) -> None:
        """Accept every action."""
        self.faults.meet(self.check)
        self.checked.append(submission)

    def stage_in(self, job: Job, actions: Sequence[StageInAction]) -> None:
        """Remember the job."""
        self.faults.meet(self.stage_in)
        self.staged_in.append((job, actions))
