"""What a server tells of itself in figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.domain.metric import Metric, MetricKind, Sample
from pulsar_runtime.domain.outage import OutageRecord
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.ports import Clock, JobStore, OutageStore, Outbox


@attrs.frozen(kw_only=True)
class Metrics:
    """Reads the figures from where web and agent have written them down; changes nothing."""

    store: JobStore
    outbox: Outbox
    outages: OutageStore
    #: Tells whether an agent runs.
    agent_runs: Callable[[], bool]
    managers: Sequence[ManagerName]
    #: Those of *managers* that hand their jobs to a batch system.
    schedulers: Sequence[ManagerName]
    clock: Clock

    def read(self) -> Sequence[Metric]:
        """Return all figures as they are now."""
        return [*self._of_the_server(), self._jobs(), *self._schedulers()]

    def _of_the_server(self) -> Iterable[Metric]:
        yield Metric(
            name="pulsar_agent_up",
            kind=MetricKind.GAUGE,
            help="Whether an agent runs; without one, nothing below changes.",
            samples=[Sample(int(self.agent_runs()))],
        )
        yield Metric(
            name="pulsar_outbox_messages",
            kind=MetricKind.GAUGE,
            help="Messages to clients that wait to be sent, or to be confirmed.",
            samples=[Sample(self.outbox.waiting())],
        )

    def _jobs(self) -> Metric:
        counts = self.store.counts()
        managers = dict.fromkeys([*self.managers, *(manager for manager, _ in counts)])
        return Metric(
            name="pulsar_jobs",
            kind=MetricKind.GAUGE,
            help="Jobs that were not cleaned up yet.",
            samples=[
                Sample(counts.get((manager, status), 0), {"manager": manager, "status": status.value})
                for manager in managers
                for status in JobStatus
            ],
        )

    def _schedulers(self) -> Iterable[Metric]:
        records, now = self.outages.records(), self.clock()

        def metric(name: str, kind: MetricKind, text: str, figure: Callable[[OutageRecord], float]) -> Metric:
            samples = [
                Sample(figure(records.get(manager, OutageRecord())), {"manager": manager})
                for manager in self.schedulers
            ]
            return Metric(name=f"pulsar_scheduler_{name}", kind=kind, help=text, samples=samples)

        yield metric(
            "up",
            MetricKind.GAUGE,
            "Whether the manager's batch system does what it is asked for.",
            lambda record: int(record.since is None),
        )
        yield metric(
            "outages_total",
            MetricKind.COUNTER,
            "How often it began not to.",
            lambda record: record.count,
        )
        yield metric(
            "outage_seconds",
            MetricKind.GAUGE,
            "For how long it has not.",
            lambda record: 0 if record.since is None else max(0.0, now - record.since),
        )
