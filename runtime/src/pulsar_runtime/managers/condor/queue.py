"""HTCondor's queue: the commands that change it or ask for all of our jobs, and what they answer.

The commands' pages: https://htcondor.readthedocs.io/en/latest/man-pages/index.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import attrs

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.domain.job import Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.condor.submit_description import RECORDS_ATTRIBUTE, classad_text
from pulsar_runtime.managers.condor.user_log import SIGNALS

#: What has to be on the search path.
COMMANDS = ("condor_submit", "condor_q", "condor_history", "condor_rm")

SUBMIT = ("condor_submit", "-terse", "-")

_ATTRIBUTES = "ClusterId,UserLog,JobStatus,ExitBySignal,ExitCode,ExitSignal,RemoveReason"

#: Values of JobStatus:
#: https://htcondor.readthedocs.io/en/latest/classad-attributes/job-classad-attributes.html
_COMPLETED = 4

#: How long an explanation may be that is shown to somebody.
_WORDS_SHOWN = 300

#: What the commands say when it is not the job's fault.
_OUTAGE = re.compile(
    r"can't find address|failed to (?:connect|fetch)|unable to (?:connect|contact|establish)|"
    r"timed? ?out|communication error|connection refused|too many jobs|limit on number of jobs|"
    r"failed to authenticate|authentication failed",
    re.IGNORECASE,
)


@attrs.frozen(kw_only=True)
class QueuedJob:
    """What the queue, or the history of those that left it, says of one job."""

    cluster: int
    #: The path that the job's log has.
    log: str
    #: How it ended, if it did.
    observation: Observation


def submitted(answer: CommandResult) -> int | None:
    """Return the number of the job that ``condor_submit -terse`` made: ``12.0 - 12.0``."""
    found = re.search(r"^(\d+)\.\d+ - \d+\.\d+$", answer.stdout, re.MULTILINE)
    return int(found[1]) if answer.exit_code == 0 and found else None


def is_outage(answer: CommandResult) -> bool:
    """Tell whether a command failed for a reason that may pass, whatever it was asked."""
    # A signal, or words that are not its own, say nothing about the job.
    judged = answer.exit_code is not None and answer.exit_code > 0 and "ERROR" in answer.stderr
    return not judged or bool(_OUTAGE.search(answer.stderr))


def ask_queue(records: str) -> Sequence[str]:
    """Return the command that lists all jobs in the queue whose logs are in *records*."""
    return ("condor_q", "-constraint", _ours(records), "-allusers", "-json", "-attributes", _ATTRIBUTES)


def ask_history(records: str, clusters: Sequence[int]) -> Sequence[str]:
    """Return the command that lists those of these jobs that have left the queue."""
    one_of = " || ".join(f"ClusterId == {cluster}" for cluster in clusters)
    return (
        *("condor_history", "-constraint", f"{_ours(records)} && ({one_of})"),
        *("-limit", str(len(clusters)), "-json", "-attributes", _ATTRIBUTES),
    )


def remove(cluster: int) -> Sequence[str]:
    """Return the command that removes a job."""
    return ("condor_rm", str(cluster))


def listed(answer: CommandResult) -> Sequence[QueuedJob]:
    """Read the answer of `ask_queue` or `ask_history`; raises `QueryError` if it is none."""
    if answer.exit_code != 0:
        raise QueryError(f"HTCondor cannot be asked: {answer.words[:_WORDS_SHOWN]}")
    try:
        # Of no job, the command says nothing at all.
        return [_job(ad) for ad in json.loads(answer.stdout.strip() or "[]")]
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise QueryError(f"HTCondor answered what cannot be read: {answer.words[:_WORDS_SHOWN]}") from exc


def _job(ad: dict[str, object]) -> QueuedJob:
    code: int | None = None
    reason = f"HTCondor ended it: {ad.get('RemoveReason', 'it does not say why')}"
    if ad.get("JobStatus") == _COMPLETED:
        signalled = ad.get("ExitBySignal") is True
        code = SIGNALS + int(str(ad["ExitSignal"])) if signalled else int(str(ad["ExitCode"]))
        reason = f"it was ended by signal {code - SIGNALS}" if signalled else ""
    return QueuedJob(
        cluster=int(str(ad["ClusterId"])),
        log=str(ad["UserLog"]),
        observation=Observation(state=SchedulerState.ENDED, exit_code=code, reason=reason),
    )


def _ours(records: str) -> str:
    return f"{RECORDS_ATTRIBUTE} == {classad_text(records)}"
