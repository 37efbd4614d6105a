"""One launch that a batch system with a DRMAA library is to run."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from enum import Enum
from string import Template
from typing import Any

import attrs

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState

#: The batch system gets no path in an option of its own, where ``$`` or ``:`` may mean something else.
_START = 'exec /bin/bash "$1" </dev/null >"$2" 2>"$3"'

#: A job that a signal ended has the code that a shell gives it: so much more than the signal's number.
_SIGNALS = 128

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")

#: Parameters of Galaxy's destinations that mean something here, and those that are meant for others.
_READ = frozenset({"native_specification", "user", "user_email"})


PENDING = Observation(state=SchedulerState.PENDING)


class Phase(Enum):
    """How far a launch has come."""

    #: It may have been submitted by an earlier agent; a session that is ready can tell.
    UNSURE = "unsure"
    WAITING = "waiting"
    SUBMITTING = "submitting"
    #: The batch system has it.
    TAKEN = "taken"
    ENDED = "ended"


@attrs.define(kw_only=True, eq=False)
class Launch:
    """What is known of one launch."""

    spec: LaunchSpec
    journal: str
    phase: Phase = Phase.UNSURE
    #: What the batch system calls it.
    number: str | None = None
    observation: Observation = PENDING
    cancelled: bool = False
    #: Whether the batch system put it back into its queue: then its files say nothing of the present start.
    requeued: bool = False
    #: Whether the batch system did not know it when it was last asked.
    missed: bool = False
    #: Since when there is a return code that sounds like a kill.
    killed_since: float | None = None

    @property
    def external_id(self) -> ExternalId:
        """The name by which the supervisor knows it."""
        return ExternalId(self.spec.launch_id)

    def has_left(self, name: str) -> bool:
        """Tell whether its script has left this file in the job's directory."""
        return os.access(f"{self.spec.job_directory}/{name}", os.F_OK)


def attributes(launch: Launch, *, name: str, native_specification: str | None) -> dict[str, str]:
    """Return the attributes of the job's template; raises `SubmitRejected` for a parameter nobody reads.

    *native_specification* is the manager's, and wins over the job's own.
    """
    parameters = launch.spec.submit_params
    unknown = sorted(set(parameters) - _READ)
    if unknown:
        raise SubmitRejected(
            f"submit_{unknown[0]} means nothing to a DRMAA library; give submit_native_specification"
        )
    front = _NOT_IN_NAMES.sub("_", Template(name).safe_substitute(job_id=launch.spec.job_id))
    given = {
        "remote_command": "/bin/bash",
        "job_name": front if front[:1].isalpha() else f"j{front}",
        "wd": launch.spec.working_directory,
        "output_path": ":/dev/null",
        "error_path": ":/dev/null",
        "native_specification": native_specification or parameters.get("native_specification", ""),
    }
    return {key: value for key, value in given.items() if value}


def arguments(launch: Launch) -> list[str]:
    """Return the arguments of the template's command: they start the job script, with its streams."""
    return ["-c", _START, "pulsar", launch.spec.script, launch.spec.stdout, launch.spec.stderr]


def refusal(words: str) -> str:
    """Say why a job never ran, in the words of the library that did not take it."""
    return f"the batch system does not take it: {words.strip()}; look at its native specification"


def observed_end(how: Mapping[str, Any]) -> Observation:
    """Say what it means how a job ended, in the words of `library.Ended`."""
    code, name = how["exit_code"], how["signal"]
    reason = ""
    if name:
        reason = f"the batch system says that it was ended by {name}{_used(how['usage'])}"
        code = _SIGNALS + int(signal.Signals[name]) if name in signal.Signals.__members__ else None
    elif code is None:
        reason = "the batch system removed it, and does not say why"
    return Observation(state=SchedulerState.ENDED, exit_code=code, reason=reason)


def _used(usage: Mapping[str, str]) -> str:
    """Tell what it used, where the library says so in the words of Grid Engine (accounting(5))."""
    try:
        seconds, size = float(usage["ru_wallclock"]), float(usage["maxvmem"])
    except (KeyError, ValueError):
        return ""
    return f", after {seconds:.0f} s and with at most {size / 1024 / 1024:.0f} MB of memory"
