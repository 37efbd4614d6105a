"""HTCondor's user log: what happened to a job, as the scheduler wrote it down.

https://htcondor.readthedocs.io/en/latest/classad-attributes/job-event-log-codes.html lists the events.
"""

from __future__ import annotations

import re

import attrs

from pulsar_runtime.domain.job import Observation
from pulsar_runtime.domain.status import SchedulerState

_SUBMITTED = 0
_EXECUTING = 1
_EXECUTABLE_ERROR = 2
_EVICTED = 4
_TERMINATED = 5
_SHADOW_EXCEPTION = 7
_ABORTED = 9
_HELD = 12
_RELEASED = 13
_RECONNECT_FAILED = 24

#: After these, the job is in the queue again and will be started anew.
_QUEUED = frozenset({_SUBMITTED, _EVICTED, _SHADOW_EXCEPTION, _RELEASED, _RECONNECT_FAILED})

#: After these, it is in no queue any more, and nobody wrote down how it ended.
_ENDED = frozenset({_EXECUTABLE_ERROR, _ABORTED})

#: Whoever holds a job with condor_hold means it to wait; so does one that is submitted on hold, and one
#: whose input is still to come.
#: https://htcondor.readthedocs.io/en/latest/classad-attributes/job-classad-attributes.html (HoldReasonCode)
_MEANT_TO_WAIT = frozenset({1, 15, 16})

#: A job that a signal ended has the code that a shell gives it: so much more than the signal's number.
SIGNALS = 128

_HEAD = re.compile(r"(\d{3}) \((\d+)\.(\d+)\.\d+\) ")
_END = "\n...\n"

_EXITED = re.compile(r"Normal termination \(return value (-?\d+)\)")
_SIGNALLED = re.compile(r"Abnormal termination \(signal (\d+)\)")
_CODE = re.compile(r"Code (\d+) Subcode \d+")


_PENDING = Observation(state=SchedulerState.PENDING)
_RUNNING = Observation(state=SchedulerState.RUNNING)


@attrs.frozen(kw_only=True)
class History:
    """What a user log says of its one job."""

    #: The job's number in the queue, once it is there.
    cluster: int | None = None
    observation: Observation = _PENDING
    #: Why it is held, while it is held and nobody means it to be.
    hold_reason: str = ""

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.observation.state is SchedulerState.ENDED


_NOTHING = History()


def read(text: str, before: History = _NOTHING) -> tuple[History, int]:
    """Go on from *before* with what was added to the log; return how many characters were understood.

    An event that is still being written is left for the next time. What is not an event is skipped.
    """
    history, place = before, 0
    while (end := text.find(_END, place)) >= 0:
        history = _after(history, text[place:end])
        place = end + len(_END)
    return history, place


def _after(history: History, event: str) -> History:
    head = _HEAD.match(event)
    if head is None:
        return history
    number, cluster = int(head[1]), int(head[2])
    body = [line.strip() for line in event.split("\n")[1:] if line.strip()]
    if number == _HELD:
        return _held(cluster, body)
    if number in _QUEUED:
        observation = _PENDING
    elif number == _EXECUTING:
        observation = _RUNNING
    elif number == _TERMINATED:
        observation = _terminated("\n".join(body))
    elif number in _ENDED:
        observation = _ended(None, f"HTCondor ended it: {'; '.join(body) or 'it does not say why'}")
    else:
        return history
    return History(cluster=cluster, observation=observation)


def _ended(exit_code: int | None, reason: str = "") -> Observation:
    return Observation(state=SchedulerState.ENDED, exit_code=exit_code, reason=reason)


def _terminated(body: str) -> Observation:
    if exited := _EXITED.search(body):
        return _ended(int(exited[1]))
    if signalled := _SIGNALLED.search(body):
        return _ended(SIGNALS + int(signalled[1]), f"it was ended by signal {signalled[1]}")
    return _ended(None, "HTCondor does not say how it ended")


def _held(cluster: int, body: list[str]) -> History:
    code = next((int(found[1]) for line in body if (found := _CODE.fullmatch(line))), 0)
    words = "; ".join(line for line in body if not _CODE.fullmatch(line))
    reason = f"HTCondor holds it: {words or 'it does not say why'}"
    return History(
        cluster=cluster,
        observation=Observation(state=SchedulerState.PENDING, reason=reason),
        hold_reason="" if code in _MEANT_TO_WAIT else reason,
    )
