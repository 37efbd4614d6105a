"""PBS Professional and OpenPBS: https://help.altair.com/2022.1.0/PBS%20Professional/PBSReferenceGuide2022.1.pdf."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.managers.batch.dialect import (
    ENDED,
    PENDING,
    RUNNING,
    CommandResult,
    Dialect,
    Meaning,
    Question,
    Report,
    Request,
    ended,
    good,
    shell_code,
)

#: Section 8.1, "Job States".
STATES: Mapping[str, Meaning] = {
    "E": RUNNING,
    "F": ENDED,
    "H": PENDING,
    "Q": PENDING,
    "R": RUNNING,
    "S": RUNNING,
    "T": PENDING,
    "U": RUNNING,
    "W": PENDING,
    "X": ENDED,
}

#: https://github.com/openpbs/openpbs/blob/master/src/include/job.h, JOB_EXEC_*
CAUSES: Mapping[int, Meaning] = {
    -1: ended("it could not be started on its node"),
    -2: ended("it could not be started on its node"),
    -4: ended("its node was restarted while it ran"),
    -10: ended("its user is not known on its node"),
    -24: ended("killed because it used more CPUs than it asked for (ncpus)"),
    -25: ended("killed because it used more CPUs than it asked for (ncpus)"),
    -26: ended("killed because it used more virtual memory than it asked for (vmem)"),
    -27: ended("killed because it used more memory than it asked for (mem)"),
    -28: ended("killed because it used more CPU time than it asked for (cput)"),
    -29: ended("killed because it ran longer than its time limit (walltime)"),
    # 256 and SIGTERM.
    271: ended("deleted by an administrator or its owner (qdel)"),
}

#: The reference server's long names (protocol section 8.2), as far as the options are the same.
OPTIONS: Mapping[str, str] = {
    "Account_Name": "-A",
    "destination": "-q",
    "Execution_Time": "-a",
    "Hold_Types": "-h",
    "Mail_Points": "-m",
    "Mail_Users": "-M",
    "Priority": "-p",
    "project": "-P",
    "Rerunable": "-r",
    "Resource_List": "-l",
    "Variable_List": "-v",
}


def submit(request: Request) -> Sequence[str]:
    """Section 2, "qsub"."""
    chunk = ["select=1"]
    chunk += [] if request.cpus is None else [f"ncpus={request.cpus}"]
    chunk += [] if request.memory_mb is None else [f"mem={request.memory_mb}mb"]
    resources = ["-l", ":".join(chunk)] if len(chunk) > 1 else []
    ours = ["-N", request.name, "-o", "/dev/null", "-e", "/dev/null"]
    return ["qsub", "-S", "/bin/bash", *request.options, *resources, *request.native, *ours]


def status(_user: str | None) -> Sequence[str]:
    """Section 2, "qstat"; lists the jobs of everybody whom the server lets us see."""
    return ["qstat", "-f", "-F", "json"]


def read_status(result: CommandResult) -> Collection[Report]:
    """Read what `status` printed: without a job there is no key for jobs."""
    text = good(result, "qstat")
    try:
        answer = json.loads(text, strict=False)
        # Which every answer has.
        answer["pbs_server"]
        return [_report(number, job) for number, job in answer.get("Jobs", {}).items()]
    except (ValueError, LookupError, TypeError, AttributeError) as exc:
        raise QueryError(f"qstat printed what is not its JSON: {text[:80]!r}") from exc


def accounting(_question: Question) -> Sequence[str]:
    """Return the same with past jobs, where the server keeps them (job_history_enable)."""
    return ["qstat", "-x", "-f", "-F", "json"]


def read_accounting(result: CommandResult) -> Collection[Report] | None:
    """Read what `accounting` printed."""
    return None if "maintain job history" in result.stderr else read_status(result)


def _report(number: str, job: Mapping[str, object]) -> Report:
    word, status = str(job["job_state"]), job.get("Exit_status")
    meaning, code = STATES.get(word), status if isinstance(status, int) else None
    if meaning is ENDED and code is not None:
        meaning = CAUSES.get(code, ENDED)
    return Report(
        number=number, name=str(job["Job_Name"]), word=word, meaning=meaning, exit_code=shell_code(code)
    )


DIALECT = Dialect(
    title="PBS Pro",
    commands=("qsub", "qstat", "qdel"),
    packages="openpbs-client, or the client package of PBS Professional",
    variables=("PBS",),
    longest_name=128,
    options=OPTIONS,
    submit=submit,
    read_number=re.compile(r"^(\d+(?:\.\S+)?)\s*$", re.MULTILINE),
    status=status,
    read_status=read_status,
    cancel=lambda numbers: ["qdel", *numbers],
    accounting=accounting,
    read_accounting=read_accounting,
    outage=re.compile(r"cannot connect|connection|timed? ?out|end of file|munge|would exceed", re.IGNORECASE),
    hints={
        "queue": "-q",
        "account": "-A",
        "project": "-P",
        "walltime": "-l walltime",
        "resource|select|chunk": "-l",
        "usage:|option": "the native specification",
    },
)
