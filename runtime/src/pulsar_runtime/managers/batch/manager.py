"""Jobs of a batch system, whichever speaks the dialect."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import attrs

from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers import job_traces
from pulsar_runtime.managers.batch import record
from pulsar_runtime.managers.batch.cancelling import Cancelling
from pulsar_runtime.managers.batch.commands import Commands
from pulsar_runtime.managers.batch.dialect import Dialect, Report
from pulsar_runtime.managers.batch.host import Host
from pulsar_runtime.managers.batch.launch import PENDING, Launch, Phase
from pulsar_runtime.managers.batch.listing import Listing, Readers, Reports
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.batch.pace import Pace
from pulsar_runtime.managers.batch.request import job_name, job_request
from pulsar_runtime.managers.batch.submitting import Fates, Submitting
from pulsar_runtime.ports import Clock, Reactor

#: What a shell reports of a command that a signal ended is this and the signal's number.
_SIGNALS = 128

#: How long books are searched backwards for a job of which not even the time is known.
_LONG_AGO_SECONDS = 30 * 24 * 3600.0
#: Clocks may differ by so much.
_CLOCKS_SECONDS = 3600.0


@attrs.frozen(kw_only=True)
class BatchSettings:
    """How a manager uses its batch system."""

    #: For every job, in the batch system's own words.
    options: tuple[str, ...] = ()
    job_name_template: str = "pulsar_$job_id"
    #: Pause between two questions, while something changes and after a long time without a change.
    shortest_seconds: float = 2.0
    longest_seconds: float = 30.0
    #: How often return codes are looked for.
    look_seconds: float = 0.75
    #: How long a return code may be on its way, from the node to here.
    grace_seconds: float = 60.0
    #: How long the batch system may take to say why a job failed, after its script said that it did.
    patience_seconds: float = 10.0
    #: Submissions at a time.
    workers: int = 4
    retry_seconds: float = 5.0


class BatchManager:
    """Implements the port `JobManager` with the commands of a batch system.

    Launches are known by a name that follows from *identity* and their id, so each is found again whatever
    happened to the agent in the meantime. *user* is whose jobs they are, None if they have users of their
    own. *records* is a directory out of the jobs' reach. *changed* is called with the id of a job whose
    observation changed.
    """

    def __init__(
        self,
        *,
        dialect: Dialect,
        host: Host,
        user: str | None,
        identity: str,
        records: Path,
        reactor: Reactor,
        commands: Commands,
        changed: Callable[[ExternalId], None],
        outages: Outages,
        clock: Clock = time.monotonic,
        settings: BatchSettings,
    ) -> None:
        self._dialect = dialect
        self._identity = identity
        self._reactor = reactor
        self._commands = commands
        self._changed = changed
        self._clock = clock
        self._settings = settings
        self._launches: dict[ExternalId, Launch] = {}
        #: The same by their names.
        self._named: dict[str, Launch] = {}
        self._looking = False
        self._submitting = Submitting(
            dialect=dialect,
            host=host,
            records=records,
            reactor=reactor,
            commands=commands,
            fates=Fates(taken=self._taken, refused=self._refused, unsure=self._unsure),
            outages=outages,
            workers=settings.workers,
            retry_seconds=settings.retry_seconds,
        )
        self._listing = Listing(
            dialect=dialect,
            host=host,
            user=user,
            reactor=reactor,
            commands=commands,
            clock=clock,
            outages=outages,
            pace=Pace(settings.shortest_seconds, settings.longest_seconds),
            readers=Readers(
                listed=self._listed,
                booked=self._booked,
                wanted=lambda: any(launch.followed for launch in self._launches.values()),
            ),
        )
        self._cancelling = Cancelling(
            dialect=dialect,
            host=host,
            reactor=reactor,
            commands=commands,
            retry_seconds=settings.retry_seconds,
            ended=self._listing.ask_now,
        )

    # --- the port ------------------------------------------------------------------------------------------

    def submit(self, spec: LaunchSpec) -> ExternalId:
        """Queue the job, or find it again if an earlier agent submitted it."""
        external_id = ExternalId(spec.launch_id)
        if external_id in self._launches:
            return external_id
        name = job_name(self._dialect, self._settings.job_name_template, spec, self._identity)
        request = job_request(name, self._settings.options, spec.submit_params)
        launch = Launch(spec=spec, name=name, request=request)
        self._launches[external_id] = self._named[name] = launch
        path = self._submitting.path(launch)
        launch.number = record.read_number(path)
        if launch.number is not None or spec.external_id == external_id:
            # It was handed over for certain, so it never is again.
            launch.phase, launch.observation = Phase.TAKEN, None
            self._follow(launch)
        elif os.path.exists(path) or not self._listing.answered:
            # The record may have been lost with the power, which is why the first answer is waited for.
            launch.phase, launch.observation = Phase.UNSURE, None
            self._submitting.settle(launch)
        else:
            self._submitting.queue(launch)
        return external_id

    def observe(self, ids: Collection[ExternalId]) -> Mapping[ExternalId, Observation]:
        """Say what is known of these jobs; it is what the last good answers and the files said."""
        found = ((known, self._launches.get(known)) for known in ids)
        return {
            known: launch.observation
            for known, launch in found
            if launch is not None and launch.observation is not None
        }

    def cancel(self, external_id: ExternalId) -> None:
        """Begin to end a job; one that is being submitted is ended as soon as its number is known."""
        launch = self._launches.get(external_id)
        if launch is None or launch.cancelling or launch.phase is Phase.ENDED:
            return
        launch.cancelling = True
        if launch.phase is Phase.WAITING:
            self._submitting.withdraw(launch)
            self._end(launch, None, "it never started")
        else:
            self._cancelling.cancel(launch)

    def forget(self, external_id: ExternalId) -> None:
        """Drop what is kept about a job; one that has not ended is ended, for nobody wants it any more."""
        self.cancel(external_id)
        launch = self._launches.pop(external_id, None)
        if launch is not None:
            del self._named[launch.name]
            if launch.phase is not Phase.SUBMITTING:
                record.remove(self._submitting.path(launch))

    def close(self) -> None:
        """Stop observing; jobs go on."""
        self._commands.close()

    # --- submissions ---------------------------------------------------------------------------------------

    def _taken(self, launch: Launch, number: str) -> None:
        launch.phase, launch.number = Phase.TAKEN, number
        record.note_number(self._submitting.path(launch), number)
        self._cancelling.number_known(launch)
        self._follow(launch)

    def _refused(self, launch: Launch, reason: str) -> None:
        record.remove(self._submitting.path(launch))
        self._end(launch, None, reason)

    def _unsure(self, launch: Launch) -> None:
        launch.first_answer = self._listing.asked + 1
        self._listing.ask_now()

    def _follow(self, launch: Launch) -> None:
        launch.first_answer = self._listing.asked + 1
        self._listing.quicken()
        if not self._looking:
            self._looking = True
            self._reactor.call_later(0.0, self._look)

    # --- what the jobs leave -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look for return codes; a file system that is shared shows them at once."""
        followed = [launch for launch in self._launches.values() if launch.phase is Phase.TAKEN]
        for launch in followed:
            # access(2) is the cheapest question, and the answer is no nearly always.
            if os.access(launch.code_path, os.F_OK):
                self._read_code(launch)
        self._looking = bool(followed)
        if self._looking:
            self._reactor.call_later(self._settings.look_seconds, self._look)

    def _read_code(self, launch: Launch) -> None:
        code = launch.return_code()
        if code is None:
            return
        if code == 0:
            self._end(launch, code)
        elif launch.failed_since is None:
            # The batch system may know why.
            launch.failed_since = self._clock()
            self._listing.quicken()
        elif self._past(launch.failed_since, self._settings.patience_seconds):
            self._end(launch, code)

    # --- what the batch system says ------------------------------------------------------------------------

    def _listed(self, answer: int, reports: Reports) -> bool:
        """Read an answer about all jobs; tell whether anything changed."""
        missing = []
        before = [(launch, launch.observation) for launch in self._launches.values()]
        for launch, _ in before:
            if not launch.followed or answer < (launch.first_answer or 0):
                continue
            report = reports.get(launch.name)
            if report is None or not self._hear(launch, report):
                missing.append(launch)
        if missing:
            self._consult(missing)
        return any(launch.observation is not observation for launch, observation in before)

    def _consult(self, missing: Sequence[Launch]) -> None:
        begun = [record.begun_at(self._submitting.path(launch)) for launch in missing]
        since = min(moment or time.time() - _LONG_AGO_SECONDS for moment in begun) - _CLOCKS_SECONDS
        self._listing.consult([launch.name for launch in missing], since)

    def _booked(self, names: Sequence[str], reports: Reports) -> None:
        """Read what the books say of jobs that were missing."""
        for name in names:
            launch, report = self._named.get(name), reports.get(name)
            if launch is None or not launch.followed:
                continue
            if report is None and launch.phase is Phase.UNSURE and not launch.started:
                self._submit_after_all(launch)
            elif report is None or not report.ended:
                self._settle(launch, None)
            else:
                self._hear(launch, report)

    def _submit_after_all(self, launch: Launch) -> None:
        launch.first_answer = None
        if launch.cancelling:
            self._end(launch, None, "it never started")
        else:
            self._see(launch, PENDING)
            self._submitting.queue(launch)

    def _hear(self, launch: Launch, report: Report) -> bool:
        """Take note of a report; tell whether there is nothing more to ask."""
        if launch.number is None:
            self._submitting.took()
            self._taken(launch, report.number)
        if report.meaning is None:
            self._listing.unknown_word(report)
            return True
        if report.ended:
            return self._settle(launch, report)
        launch.missing_since = None
        if report.meaning.state is SchedulerState.PENDING:
            launch.failed_since = None
            launch.expect_another_start()
        if report.hopeless and not launch.cancelling:
            launch.cause = f"{self._dialect.title} would never start it: {report.hopeless}"
            self.cancel(ExternalId(launch.spec.launch_id))
        reason = f"{self._dialect.title} job {report.number}"
        self._see(launch, Observation(state=report.meaning.state, reason=reason))
        return True

    def _settle(self, launch: Launch, report: Report | None) -> bool:
        """End a launch that is said to have ended, or is unknown; tell whether there is nothing more to ask.

        In this order: its return code, what the batch system says, and a while for either to come.
        """
        said = report.meaning.cause if report is not None and report.meaning is not None else ""
        cause = launch.cause or ("it was cancelled" if launch.cancelling else said)
        told = report.exit_code if report is not None else None
        code = launch.return_code()
        if code is not None:
            self._end(launch, code, cause if code else "")
        elif cause:
            killed = job_traces.killed_code(launch.spec.job_directory)
            self._end(launch, killed and (told or killed), cause)
        elif told is not None and told > _SIGNALS:
            self._end(launch, told, f"killed by signal {told - _SIGNALS}")
        elif launch.missing_since is None:
            launch.missing_since = self._clock()
        elif self._past(launch.missing_since, self._settings.grace_seconds):
            self._end_without_code(launch, report)
        return told is not None or launch.phase is Phase.ENDED

    def _end_without_code(self, launch: Launch, report: Report | None) -> None:
        title = self._dialect.title
        if report is not None and report.exit_code is not None:
            reason = f"{title} says that it exited with {report.exit_code}; its script did not say so"
            self._end(launch, report.exit_code, reason)
            return
        says = "says that it ended" if report is not None else "does not know it any more"
        reason = f"{title} {says}, and it left no return code"
        launch.phase = Phase.ENDED
        self._see(launch, Observation(state=SchedulerState.VANISHED, reason=reason))

    def _past(self, since: float, seconds: float) -> bool:
        return self._clock() - since > seconds

    def _end(self, launch: Launch, code: int | None, reason: str = "") -> None:
        """Note that a launch has ended, and tell its user why if that was not its own doing."""
        if reason and code is not None and (launch.cause or not launch.cancelling):
            job_traces.explain(launch.spec.stderr, reason)
        launch.phase = Phase.ENDED
        self._see(launch, Observation(state=SchedulerState.ENDED, exit_code=code, reason=reason))

    def _see(self, launch: Launch, observation: Observation) -> None:
        if observation != launch.observation:
            launch.observation = observation
            self._changed(ExternalId(launch.spec.launch_id))
