"""``queued_condor``: jobs in HTCondor's queue, followed by the logs that it writes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers import job_traces
from pulsar_runtime.managers.batch import record
from pulsar_runtime.managers.batch.commands import Commands, run_call
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import Host
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.batch.pace import Pace
from pulsar_runtime.managers.condor import queue
from pulsar_runtime.managers.condor.launch import Launch, never_started
from pulsar_runtime.managers.condor.submitting import Submitting
from pulsar_runtime.managers.condor.user_log import History
from pulsar_runtime.managers.file_watch import FileWatch
from pulsar_runtime.ports import Reactor

#: How soon a submission that an earlier agent had begun is looked at again.
_SETTLE_SECONDS = 0.1

#: How often the queue is asked whether it still has all the jobs whose logs say nothing new.
_LONGEST_LOOK_SECONDS = 600.0


class CondorManager:
    """Implements the port `JobManager` with HTCondor's commands and one user log for each job.

    *records* is a directory out of the jobs' reach. The queue is asked when the logs do not suffice: after
    a restart, when a command failed, and every *look_seconds* or less often for jobs that HTCondor may have
    lost. What HTCondor did not do is asked for again after *retry_seconds*.
    """

    def __init__(
        self,
        *,
        commands: Commands,
        host: Host,
        records: Path,
        reactor: Reactor,
        changed: Callable[[ExternalId], None],
        settings: Mapping[str, str],
        environment: Mapping[str, str],
        outages: Outages,
        name_template: str = "pulsar_$job_id",
        workers: int = 4,
        look_seconds: float = 60.0,
        retry_seconds: float = 5.0,
    ) -> None:
        self._commands = commands
        self._host = host
        self._records = str(records)
        self._reactor = reactor
        self._changed = changed
        self._settings = settings
        self._retry_seconds = retry_seconds
        self._watch = FileWatch(reactor)
        self._launches: dict[ExternalId, Launch] = {}
        #: Launches that may have been submitted or not: the queue knows.
        self._doubtful: set[Launch] = set()
        self._asking = False
        self._asked_again = False
        self._looking = False
        self._outage = outages.of("condor_q")
        self._pace = Pace(look_seconds, max(look_seconds, _LONGEST_LOOK_SECONDS))
        self._submitting = Submitting(
            commands=commands,
            host=host,
            reactor=reactor,
            records=self._records,
            settings=settings,
            environment=environment,
            name_template=name_template,
            outages=outages,
            workers=workers,
            retry_seconds=retry_seconds,
            taken=self._taken,
            refused=self._refused,
            unsure=self._doubt,
        )

    def submit(self, spec: LaunchSpec) -> ExternalId:
        """Queue the job, or find it again if an earlier agent submitted it."""
        launch = Launch(spec=spec, record=f"{self._records}/{spec.launch_id}")
        if launch.external_id not in self._launches:
            self._launches[launch.external_id] = launch
            if record.begun_at(launch.record) is not None:
                self._adopt(launch)
            elif spec.external_id == launch.external_id:
                self._doubt(launch)
            else:
                self._submitting.queue(launch)
        return launch.external_id

    def observe(self, ids: Collection[ExternalId]) -> Mapping[ExternalId, Observation]:
        """Say how these jobs are, as far as HTCondor has written it down."""
        launches = [self._launches[external_id] for external_id in ids if external_id in self._launches]
        for launch in launches:
            self._read(launch)
        return {launch.external_id: launch.observation for launch in launches}

    def cancel(self, external_id: ExternalId) -> None:
        """Have the job removed from the queue."""
        launch = self._launches.get(external_id)
        if launch is None or launch.cancelled or launch.end is not None:
            return
        launch.cancelled = True
        if self._submitting.withdraw(launch):
            self._end(launch, never_started())
        else:
            self._remove(launch)

    def forget(self, external_id: ExternalId) -> None:
        """Drop what is kept about a job; one that goes on is ended, for nobody wants it."""
        self.cancel(external_id)
        launch = self._launches.pop(external_id, None)
        if launch is not None:
            self._unwatch(launch)
            self._doubtful.discard(launch)
            record.remove(launch.record)

    def close(self) -> None:
        """Stop observing; the jobs go on."""
        self._watch.close()
        self._commands.close()

    # --- submissions ---------------------------------------------------------------------------------------

    def _adopt(self, launch: Launch) -> None:
        """Take up a submission that an earlier agent began."""
        if launch.external_id not in self._launches:
            return
        if record.being_submitted(launch.record):
            self._reactor.call_later(_SETTLE_SECONDS, partial(self._adopt, launch))
            return
        number = record.read_number(launch.record)
        launch.cluster = int(number) if number is not None else None
        self._read(launch)
        if launch.cluster is None:
            self._doubt(launch)
        else:
            self._taken(launch, launch.cluster)

    def _taken(self, launch: Launch, cluster: int) -> None:
        launch.cluster = cluster
        if launch.watch is None and launch.end is None:
            launch.watch = self._watch.add(launch.log.path, partial(self._read, launch))
        if launch.cancelled:
            self._remove(launch)
        else:
            self._read(launch)
        self._pace.quicken()
        self._plan_look()

    def _refused(self, launch: Launch, reason: str) -> None:
        self._end(launch, Observation(state=SchedulerState.ENDED, reason=reason))

    def _doubt(self, launch: Launch) -> None:
        self._doubtful.add(launch)
        self._ask()

    # --- what the logs say ---------------------------------------------------------------------------------

    def _read(self, launch: Launch) -> None:
        """Read what is new in a job's log, and do what follows from it."""
        before = launch.observation
        if launch.end is not None or not launch.log.read():
            return
        self._pace.quicken()
        launch.missed = False
        self._follow(launch, launch.log.history, before)

    def _follow(self, launch: Launch, history: History, before: Observation) -> None:
        if launch.cluster is None:
            launch.cluster = history.cluster
        if history.ended:
            self._settle(launch, history.observation)
        elif history.hold_reason and not launch.hopeless and not self._released_by_itself(launch):
            launch.hopeless = history.hold_reason
            self._remove(launch)
        if launch.end is None and launch.observation != before:
            self._changed(launch.external_id)

    def _released_by_itself(self, launch: Launch) -> bool:
        """Tell whether the site says when a job that is held may try again."""
        return any(key.lower() == "periodic_release" for key in (*self._settings, *launch.spec.submit_params))

    def _settle(self, launch: Launch, observation: Observation) -> None:
        """Write down how a job ended: what its script wrote comes first."""
        reason = launch.hopeless or observation.reason
        code = job_traces.return_code(launch.spec.job_directory)
        if code is not None and not launch.hopeless:
            observation = Observation(state=SchedulerState.ENDED, exit_code=code)
        elif observation.state is SchedulerState.ENDED and observation.exit_code is None:
            code = job_traces.killed_code(launch.spec.job_directory)
            observation = Observation(state=SchedulerState.ENDED, exit_code=code, reason=reason)
        self._end(launch, observation)

    def _end(self, launch: Launch, observation: Observation) -> None:
        launch.end = observation
        if observation.reason and observation.exit_code is not None and not launch.cancelled:
            job_traces.explain(launch.spec.stderr, observation.reason)
        self._unwatch(launch)
        self._changed(launch.external_id)

    def _unwatch(self, launch: Launch) -> None:
        if launch.watch is not None:
            self._watch.remove(launch.watch)
            launch.watch = None

    # --- ending --------------------------------------------------------------------------------------------

    def _remove(self, launch: Launch) -> None:
        if launch.cluster is not None and launch.end is None and not launch.removing:
            launch.removing = True
            call = self._host.call(launch.spec, queue.remove(launch.cluster))
            run_call(self._commands, call, partial(self._removed, launch))

    def _removed(self, launch: Launch, answer: CommandResult) -> None:
        launch.removing = False
        if answer.exit_code != 0 and launch.end is None:
            # It is gone already, which the queue tells, or HTCondor does not answer.
            self._ask()
            self._reactor.call_later(self._retry_seconds, partial(self._remove, launch))

    # --- what the queue says, when the logs do not suffice -------------------------------------------------

    def _plan_look(self) -> None:
        if not self._looking:
            self._looking = True
            self._reactor.call_later(self._pace.seconds, self._look)

    def _look(self) -> None:
        self._looking = False
        if any(launch.in_queue for launch in self._launches.values()):
            self._pace.slow_down()
            self._ask()
            self._plan_look()

    def _ask(self) -> None:
        """Have the queue asked, from now on: an answer that is under way may be older than what is asked."""
        if self._asking:
            self._asked_again = True
            return
        self._asking, self._asked_again = True, False
        # What is submitted from now on may be missing in the answer.
        doubtful = frozenset(self._doubtful)
        listed = frozenset(launch for launch in self._launches.values() if launch.in_queue)
        self._commands.run(queue.ask_queue(self._records), partial(self._answered, doubtful, listed))

    def _answered(
        self, doubtful: frozenset[Launch], listed: frozenset[Launch], answer: CommandResult
    ) -> None:
        self._asking = False
        try:
            jobs = {job.log: job for job in queue.listed(answer)}
        except QueryError as exc:
            self._outage.met(str(exc))
            self._reactor.call_later(self._retry_seconds, self._ask)
            return
        self._outage.over()
        for launch in doubtful & self._doubtful:
            self._resolve(launch, jobs.get(launch.log.path))
        missing = [launch for launch in listed if launch.in_queue and launch.log.path not in jobs]
        if missing:
            clusters = sorted(launch.cluster for launch in missing if launch.cluster is not None)
            ask = queue.ask_history(self._records, clusters)
            self._commands.run(ask, partial(self._looked_up, missing))
        if self._asked_again:
            self._ask()

    def _resolve(self, launch: Launch, job: queue.QueuedJob | None) -> None:
        """Settle whether a launch was submitted."""
        self._doubtful.discard(launch)
        self._read(launch)
        if job is not None and launch.cluster is None:
            self._submitting.took()
            launch.cluster = job.cluster
            record.note_number(launch.record, str(job.cluster))
        if launch.cluster is not None:
            self._taken(launch, launch.cluster)
        elif launch.cancelled:
            self._end(launch, never_started())
        elif launch.spec.external_id == launch.external_id and record.begun_at(launch.record) is None:
            reason = "neither HTCondor nor this server has a record of it any more"
            self._settle(launch, Observation(state=SchedulerState.VANISHED, reason=reason))
        else:
            self._submitting.queue(launch)

    def _looked_up(self, missing: Collection[Launch], answer: CommandResult) -> None:
        """Settle jobs that the queue does not have any more."""
        try:
            left = {job.cluster: job for job in queue.listed(answer)}
        except QueryError as exc:
            self._outage.met(str(exc))
            return
        for launch in missing:
            self._read(launch)
            if launch.cluster is None or launch.end is not None:
                continue
            job = left.get(launch.cluster)
            if job is not None:
                self._settle(launch, job.observation)
            elif job_traces.return_code(launch.spec.job_directory) is not None or launch.missed:
                reason = f"HTCondor does not know job {launch.cluster} any more, and it left no return code"
                self._settle(launch, Observation(state=SchedulerState.VANISHED, reason=reason))
            else:
                # It has until the next look.
                launch.missed = True
