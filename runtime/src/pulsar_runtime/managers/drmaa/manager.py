"""``queued_drmaa`` and ``queued_external_drmaa``: jobs followed by events and by what they leave."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers import job_traces
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.batch.pace import Pace
from pulsar_runtime.managers.drmaa import journal
from pulsar_runtime.managers.drmaa import library as states
from pulsar_runtime.managers.drmaa.client import SessionClient
from pulsar_runtime.managers.drmaa.door import Door, Refused, SessionDoor, Taken
from pulsar_runtime.managers.drmaa.launch import PENDING, Launch, Phase, attributes, observed_end
from pulsar_runtime.ports import Reactor

#: Return codes above come from a signal, of which the batch system may know more.
_KILLED_ABOVE = 128
_PATIENCE_SECONDS = 5.0

#: No submission takes longer.
_LONGEST_SUBMISSION_SECONDS = 90.0

#: How seldom jobs that say nothing are asked about.
_LONGEST_ASK_SECONDS = 600.0
_LONGEST_RETRY_SECONDS = 60.0

#: Makes the door, when the session that it may use is made.
MakeDoor = Callable[[SessionClient, Taken, Refused], Door]

_RUNNING = Observation(state=SchedulerState.RUNNING)


class DrmaaManager:
    """Implements the port `JobManager` with a DRMAA library.

    *records* is a directory out of the jobs' reach, *state* a file that names the session. What a job
    leaves in its directory is looked for every *look_seconds*: that it started, and its return code.
    Jobs that say nothing are asked about every *ask_seconds* or less often.
    """

    def __init__(
        self,
        *,
        library: str,
        state: Path,
        records: Path,
        reactor: Reactor,
        changed: Callable[[ExternalId], None],
        environ: Mapping[str, str],
        outages: Outages,
        native_specification: str | None = None,
        name_template: str = "pulsar_$job_id",
        door: MakeDoor = SessionDoor,
        look_seconds: float = 1.0,
        ask_seconds: float = 30.0,
        retry_seconds: float = 5.0,
    ) -> None:
        self._records = str(records)
        self._reactor = reactor
        self._changed = changed
        self._native_specification = native_specification
        self._name = name_template
        self._client = SessionClient(
            library=library,
            state=str(state),
            reactor=reactor,
            environ=environ,
            ready=self._session_ready,
            heard=self._hear,
            outages=outages,
        )
        self._door = door(self._client, self._taken, self._refused)
        self._launches: dict[ExternalId, Launch] = {}
        #: Those that the batch system has, by its own numbers.
        self._numbered: dict[str, Launch] = {}
        self._line: deque[Launch] = deque()
        self._paused = False
        self._looking = False
        self._asking = False
        self._look_seconds = look_seconds
        self._retry_seconds = retry_seconds
        self._pace = Pace(ask_seconds, max(ask_seconds, _LONGEST_ASK_SECONDS))
        self._retry = Pace(retry_seconds, _LONGEST_RETRY_SECONDS)
        self._outage = outages.of("the batch system")

    def submit(self, spec: LaunchSpec) -> ExternalId:
        """Queue the job, or find it again if an earlier agent submitted it."""
        launch = Launch(spec=spec, journal=f"{self._records}/{spec.launch_id}")
        if launch.external_id not in self._launches:
            self._launches[launch.external_id] = launch
            if self._client.is_ready:
                self._find(launch)
            else:
                self._client.start()
        return launch.external_id

    def observe(self, ids: Collection[ExternalId]) -> Mapping[ExternalId, Observation]:
        """Say what is known of these jobs."""
        launches = [self._launches[external_id] for external_id in ids if external_id in self._launches]
        return {launch.external_id: launch.observation for launch in launches}

    def cancel(self, external_id: ExternalId) -> None:
        """Begin to end a job; one that is being submitted is ended as soon as its number is known."""
        launch = self._launches.get(external_id)
        if launch is None or launch.cancelled:
            return
        launch.cancelled = True
        if launch.phase is Phase.WAITING:
            self._line.remove(launch)
            self._end(launch, _ended(None, "it never started"))
        elif launch.phase is Phase.TAKEN:
            self._end_it(launch)

    def forget(self, external_id: ExternalId) -> None:
        """Drop what is kept about a job; one that goes on is ended, for nobody wants it."""
        self.cancel(external_id)
        launch = self._launches.pop(external_id, None)
        if launch is not None:
            self._numbered.pop(launch.number or "", None)
            with suppress(FileNotFoundError):
                os.unlink(launch.journal)

    def close(self) -> None:
        """Stop observing; jobs go on."""
        self._door.close()
        self._client.close()

    # --- submissions ---------------------------------------------------------------------------------------

    def _session_ready(self) -> None:
        for launch in self._door.forgotten():
            launch.phase = Phase.UNSURE
        for launch in list(self._launches.values()):
            if launch.phase is Phase.UNSURE:
                self._find(launch)
            elif launch.phase is Phase.TAKEN:
                self._client.ask(follow=launch.number, journal=launch.journal)
        self._next()

    def _find(self, launch: Launch) -> None:
        """Find out how far an earlier agent, or an earlier session, came with a launch."""
        known = journal.read(launch.journal)
        if known.number is not None:
            self._taken(launch, known.number)
            if known.ended is not None:
                self._settle(launch, observed_end(known.ended))
        elif known.begun and self._may_be_answered(launch):
            # A launcher that an earlier agent started may still be at work.
            self._reactor.call_later(1.0, partial(self._find, launch))
        elif known.begun or launch.spec.external_id == launch.external_id:
            # It may be in the queue: two jobs in one directory would be worse than none.
            reason = "whether the batch system took it is not known: its submission was cut off"
            self._settle(launch, Observation(state=SchedulerState.VANISHED, reason=reason))
        elif launch.cancelled:
            self._end(launch, _ended(None, "it never started"))
        else:
            launch.phase = Phase.WAITING
            self._line.append(launch)
            self._reactor.call_later(0.0, self._next)

    @staticmethod
    def _may_be_answered(launch: Launch) -> bool:
        return time.time() - os.stat(launch.journal).st_mtime < _LONGEST_SUBMISSION_SECONDS

    def _next(self) -> None:
        busy = sum(launch.phase is Phase.SUBMITTING for launch in self._launches.values())
        while self._line and busy < self._door.width and self._client.is_ready and not self._paused:
            launch = self._line.popleft()
            try:
                template = attributes(
                    launch, name=self._name, native_specification=self._native_specification
                )
            except SubmitRejected as exc:
                self._end(launch, _ended(None, str(exc)))
                continue
            launch.phase = Phase.SUBMITTING
            busy += 1
            self._door.submit(launch, template)

    def _taken(self, launch: Launch, number: str) -> None:
        self._outage.over()
        self._retry.quicken()
        launch.number = number
        self._numbered[number] = launch
        if launch.phase is Phase.ENDED:
            return
        launch.phase = Phase.TAKEN
        self._client.ask(follow=number, journal=launch.journal)
        if launch.cancelled:
            self._end_it(launch)
        self._pace.quicken()
        self._watch()
        self._next()

    def _refused(self, launch: Launch, words: str, transient: bool) -> None:  # noqa: FBT001 - as it is told
        if transient and not launch.cancelled:
            self._outage.met(words)
            launch.phase = Phase.WAITING
            self._line.appendleft(launch)
            self._paused = True
            self._reactor.call_later(self._retry.seconds, self._resume)
            self._retry.slow_down()
            return
        self._end(launch, _ended(None, words))
        self._next()

    def _resume(self) -> None:
        self._paused = False
        self._next()

    # --- what is heard -------------------------------------------------------------------------------------

    def _hear(self, answer: dict[str, Any]) -> None:
        if self._door.hear(answer):
            return
        match answer:
            case {"ended": number, "how": how}:
                if (launch := self._numbered.get(number)) is not None:
                    self._settle(launch, observed_end(how))
            case {"states": told_states}:
                for number, told in told_states.items():
                    if (launch := self._numbered.get(number)) is not None and "words" not in told:
                        self._heard_state(launch, told["state"])
            case {"not_cancelled": number, "gone": gone}:
                if (launch := self._numbered.get(number)) is not None and gone:
                    self._settle(launch, _ended(None, "it was gone before it could be ended"))
                elif launch is not None:
                    self._reactor.call_later(self._retry_seconds, partial(self._end_it, launch))

    def _heard_state(self, launch: Launch, state: str | None) -> None:
        if launch.phase is not Phase.TAKEN:
            return
        if state in (None, states.DONE, states.FAILED):
            # Its files may come late, and its end may be on the way.
            if launch.missed or launch.cancelled:
                words = f"the batch system does not know job {launch.number} any more"
                gone = Observation(state=SchedulerState.VANISHED, reason=f"{words}; it left no return code")
                self._settle(launch, gone)
            launch.missed = True
            return
        launch.missed = False
        waits = state == states.PENDING
        launch.requeued |= waits and launch.observation.state is SchedulerState.RUNNING
        self._see(launch, PENDING if waits else _RUNNING)

    # --- what the jobs leave -------------------------------------------------------------------------------

    def _watch(self) -> None:
        if not self._looking:
            self._looking = True
            self._reactor.call_later(self._look_seconds, self._look)
        if not self._asking:
            self._asking = True
            self._reactor.call_later(self._pace.seconds, self._ask)

    def _look(self) -> None:
        followed = [launch for launch in self._launches.values() if launch.phase is Phase.TAKEN]
        for launch in followed:
            if launch.observation == PENDING and not launch.requeued:
                if not launch.has_left("started"):
                    continue
                self._see(launch, _RUNNING)
            # The cheapest question, and the answer is no nearly always.
            if launch.has_left("return_code"):
                self._read_code(launch)
        self._looking = bool(followed)
        if self._looking:
            self._reactor.call_later(self._look_seconds, self._look)

    def _read_code(self, launch: Launch) -> None:
        code, now = job_traces.return_code(launch.spec.job_directory), time.monotonic()
        if code is None:
            return
        if code <= _KILLED_ABOVE or now - (launch.killed_since or now) > _PATIENCE_SECONDS:
            self._end(launch, _ended(code))
        elif launch.killed_since is None:
            launch.killed_since = now

    def _ask(self) -> None:
        self._asking = self._ask_about(lambda launch: launch.phase is Phase.TAKEN)
        if self._asking:
            self._pace.slow_down()
            self._reactor.call_later(self._pace.seconds, self._ask)

    def _ask_about(self, wanted: Callable[[Launch], bool]) -> bool:
        """Have the session say how some launches are; tell whether there are any."""
        numbers = [launch.number for launch in self._launches.values() if wanted(launch)]
        if numbers:
            self._client.ask_states([number for number in numbers if number is not None])
        return bool(numbers)

    def _see(self, launch: Launch, observation: Observation) -> None:
        if observation != launch.observation:
            launch.observation = observation
            self._pace.quicken()
            self._changed(launch.external_id)

    # --- ending --------------------------------------------------------------------------------------------

    def _end_it(self, launch: Launch) -> None:
        if launch.phase is Phase.TAKEN:
            self._door.cancel(launch)
            self._reactor.call_later(self._retry_seconds, partial(self._has_ended, launch))

    def _has_ended(self, launch: Launch) -> None:
        """Ask about a job that was to end, until it has."""
        if launch.phase is Phase.TAKEN and self._ask_about(lambda other: other is launch):
            self._reactor.call_later(self._retry_seconds, partial(self._has_ended, launch))

    def _settle(self, launch: Launch, observation: Observation) -> None:
        """Take note of the end of a job: what its script wrote comes first."""
        code = job_traces.return_code(launch.spec.job_directory)
        if code is not None and code <= _KILLED_ABOVE:
            observation = _ended(code)
        elif code is not None:
            observation = _ended(code, observation.reason)
        elif observation.state is SchedulerState.ENDED and observation.exit_code is None:
            observation = _ended(job_traces.killed_code(launch.spec.job_directory), observation.reason)
        self._end(launch, observation)

    def _end(self, launch: Launch, observation: Observation) -> None:
        if launch.phase is Phase.ENDED:
            return
        launch.phase = Phase.ENDED
        if observation.reason and observation.exit_code is not None and not launch.cancelled:
            job_traces.explain(launch.spec.stderr, observation.reason)
        launch.observation = observation
        self._changed(launch.external_id)


def _ended(exit_code: int | None, reason: str = "") -> Observation:
    return Observation(state=SchedulerState.ENDED, exit_code=exit_code, reason=reason)
