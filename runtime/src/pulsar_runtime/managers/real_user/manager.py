"""Jobs as the users who asked for them, whichever manager runs them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial

import attrs

from pulsar_runtime.domain.errors import PulsarRuntimeError
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.real_user import users
from pulsar_runtime.managers.real_user.errands import Errands
from pulsar_runtime.managers.real_user.sudo import Sudo
from pulsar_runtime.managers.real_user.users import Users
from pulsar_runtime.ports import JobManager, Reactor

logger = logging.getLogger(__name__)

#: Galaxy's parameters that are for this manager; the one behind it would not know them.
_OURS = frozenset({"user", "user_email"})

_GOES_ON = frozenset({SchedulerState.PENDING, SchedulerState.RUNNING})
_PENDING = Observation(state=SchedulerState.PENDING)

_RETRY_SECONDS = 5.0

#: A link that is in the place of a stream is not followed, and a FIFO holds nobody.
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: Makes the manager behind, when it is known whom that tells of changes.
MakeManager = Callable[[Callable[[ExternalId], None]], JobManager]


@attrs.define(kw_only=True, eq=False)
class _Launch:
    spec: LaunchSpec
    user: str = ""
    #: Whether the manager behind has it.
    passed: bool = False
    #: What is said of it; None while nothing is known.
    observation: Observation | None = _PENDING
    cancelled: bool = False
    #: Whether its end is known, and its directory is being taken back or was.
    leaving: bool = False

    @property
    def external_id(self) -> ExternalId:
        return ExternalId(self.spec.launch_id)


class RealUserManager:
    """Implements the port `JobManager` around another one, whose jobs run as their users.

    A job's directory is its user's from before the manager behind is given the job until that has seen its
    end. So whose it is tells whom the job runs as, also after a restart.
    """

    def __init__(
        self,
        *,
        make: MakeManager,
        sudo: Sudo,
        users: Users,
        errands: Errands,
        reactor: Reactor,
        changed: Callable[[ExternalId], None],
    ) -> None:
        self._behind = make(self._behind_changed)
        self._sudo = sudo
        self._users = users
        self._errands = errands
        self._reactor = reactor
        self._changed = changed
        self._launches: dict[ExternalId, _Launch] = {}

    def submit(self, spec: LaunchSpec) -> ExternalId:
        """Find the job's user, or the job again if an earlier agent passed it on."""
        external_id = ExternalId(spec.launch_id)
        if external_id not in self._launches:
            launch = _Launch(spec=spec)
            if spec.external_id == external_id:
                launch.observation = None
            self._launches[external_id] = launch
            self._find(launch)
        return external_id

    def observe(self, ids: Collection[ExternalId]) -> Mapping[ExternalId, Observation]:
        """Say what is known of these jobs; one whose directory is not ours yet has not ended."""
        launches = [self._launches[external_id] for external_id in ids if external_id in self._launches]
        asked = [launch.external_id for launch in launches if launch.passed and not launch.leaving]
        for external_id, observation in self._behind.observe(asked).items():
            self._see(self._launches[external_id], observation)
        return {
            launch.external_id: launch.observation for launch in launches if launch.observation is not None
        }

    def cancel(self, external_id: ExternalId) -> None:
        """Begin to end a job; one whose user is not known yet does not start."""
        launch = self._launches.get(external_id)
        if launch is not None:
            launch.cancelled = True
            if launch.passed:
                self._behind.cancel(external_id)

    def forget(self, external_id: ExternalId) -> None:
        """Drop what is kept about a job, and have its directory back."""
        launch = self._launches.pop(external_id, None)
        if launch is None:
            return
        if launch.passed:
            self._behind.forget(external_id)
            if launch.user and not launch.leaving:
                self._take_back(launch)

    def close(self) -> None:
        """Stop observing; jobs go on."""
        self._behind.close()
        self._users.close()
        self._errands.close()

    # --- before the manager behind -------------------------------------------------------------------------

    def _find(self, launch: _Launch) -> None:
        try:
            user = users.owner(launch.spec.job_directory)
        except FileNotFoundError:
            self._leave(launch, _failed("its directory is gone"))
        except (KeyError, OSError):
            # A directory service or a disk that does not answer; the job may be running.
            logger.warning(
                "whose %s is cannot be found out", launch.spec.job_directory, extra={"action": "user_unknown"}
            )
            self._reactor.call_later(_RETRY_SECONDS, partial(self._find, launch))
        else:
            if user or launch.spec.external_id == launch.external_id:
                # Without a user, it has ended and was taken back.
                self._pass_on(launch, user)
            else:
                self._users.find(launch.spec.submit_params.get("user", ""), partial(self._found, launch))

    def _found(self, launch: _Launch, user: str, problem: str) -> None:
        if self._never_starts(launch):
            return
        if problem:
            self._leave(launch, _failed(f"the job cannot run as its user: {problem}"))
            return
        launch.user = user
        with suppress(OSError):
            for stream in (launch.spec.stdout, launch.spec.stderr):
                # They are handed over, too, so that the agent may write into them all the time.
                os.close(os.open(stream, _MAKE, 0o660))
        self._ask("hand_over", launch, partial(self._handed_over, launch))

    def _handed_over(self, launch: _Launch, answer: CommandResult) -> None:
        if self._never_starts(launch):
            return
        if answer.exit_code == 0:
            self._pass_on(launch, launch.user)
        else:
            self._leave(launch, _failed(f"the job cannot run as its user: {answer.words}"))

    def _never_starts(self, launch: _Launch) -> bool:
        """End a launch that was cancelled meanwhile; tell whether nobody wants it any more."""
        if self._launches.get(launch.external_id) is not launch:
            if launch.user:
                self._take_back(launch)
            return True
        if launch.cancelled:
            self._leave(launch, _failed("it never started"))
        return launch.cancelled

    def _pass_on(self, launch: _Launch, user: str) -> None:
        launch.user = user
        parameters = {key: value for key, value in launch.spec.submit_params.items() if key not in _OURS}
        spec = attrs.evolve(launch.spec, user=user, submit_params=parameters)
        try:
            self._behind.submit(spec)
        except PulsarRuntimeError as exc:
            if exc.transient:
                self._reactor.call_later(_RETRY_SECONDS, partial(self._find, launch))
            else:
                self._leave(launch, _failed(str(exc)))
            return
        launch.passed = True
        if launch.cancelled:
            self._behind.cancel(launch.external_id)
        self._behind_changed(launch.external_id)

    # --- what the manager behind says ----------------------------------------------------------------------

    def _behind_changed(self, external_id: ExternalId) -> None:
        launch = self._launches.get(external_id)
        if launch is None or not launch.passed or launch.leaving:
            return
        for observation in self._behind.observe([external_id]).values():
            self._see(launch, observation)
        if not launch.leaving:
            self._changed(external_id)

    def _see(self, launch: _Launch, observation: Observation) -> None:
        if observation.state in _GOES_ON:
            launch.observation = observation
        elif not launch.leaving:
            self._leave(launch, observation)

    # --- after it ------------------------------------------------------------------------------------------

    def _leave(self, launch: _Launch, end: Observation) -> None:
        """Say how a launch ended, once its directory is ours."""
        launch.leaving = True
        if launch.user:
            self._ask("take_back", launch, partial(self._left, launch, end))
        else:
            self._end(launch, end)

    def _left(self, launch: _Launch, end: Observation, answer: CommandResult) -> None:
        if answer.exit_code != 0:
            problem = f"its directory could not be taken back: {answer.words}"
            end = attrs.evolve(end, reason="; ".join(filter(None, (end.reason, problem))))
        self._end(launch, end)

    def _end(self, launch: _Launch, end: Observation) -> None:
        launch.observation = end
        self._changed(launch.external_id)

    def _take_back(self, launch: _Launch) -> None:
        self._ask("take_back", launch, lambda _: None)

    def _ask(self, action: str, launch: _Launch, told: Callable[[CommandResult], None]) -> None:
        self._errands.run(self._sudo.call(action, launch.user, launch.spec.job_directory), told)


def _failed(reason: str) -> Observation:
    return Observation(state=SchedulerState.ENDED, reason=reason)
