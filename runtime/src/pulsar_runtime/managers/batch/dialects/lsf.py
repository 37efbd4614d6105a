"""IBM Spectrum LSF: https://www.ibm.com/docs/en/spectrum-lsf/10.1.0?topic=reference-command."""

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
    Report,
    Request,
    ended,
    good,
)

#: ...?topic=bjobs-description, "STAT". UNKWN is missing on purpose: LSF lost sight of the job's host.
STATES: Mapping[str, Meaning] = {
    "DONE": ENDED,
    "EXIT": ENDED,
    "PEND": PENDING,
    "PROV": PENDING,
    "PSUSP": PENDING,
    "RUN": RUNNING,
    "SSUSP": RUNNING,
    "USUSP": RUNNING,
    "WAIT": PENDING,
    "ZOMBI": ended("its host was lost and it was killed"),
}

#: ...?topic=bacct-termination-reasons, as far as its words are not clear by themselves.
CAUSES: Mapping[str, str] = {
    "TERM_ADMIN": "killed by an administrator",
    "TERM_CPULIMIT": "killed because it used more CPU time than it may (-c)",
    "TERM_MEMLIMIT": "killed because it used more memory than it may (-M)",
    "TERM_OWNER": "killed by its owner, not by Galaxy",
    "TERM_PREEMPT": "killed to make room for another job (preempted)",
    "TERM_RUNLIMIT": "killed because it ran longer than its time limit (-W)",
}

_FIELDS = "jobid job_name stat exit_code exit_reason"


def submit(request: Request) -> Sequence[str]:
    """...?topic=reference-bsub."""
    cpus = [] if request.cpus is None else ["-n", str(request.cpus), "-R", "span[hosts=1]"]
    megabytes = f"{request.memory_mb}MB"
    memory = [] if request.memory_mb is None else ["-M", megabytes, "-R", f"rusage[mem={megabytes}]"]
    ours = ["-J", request.name, "-o", "/dev/null", "-e", "/dev/null"]
    return ["bsub", *request.options, *cpus, *memory, *request.native, *ours]


def status(user: str | None) -> Sequence[str]:
    """...?topic=bjobs-o; it lists jobs for an hour after their end, too (CLEAN_PERIOD)."""
    return ["bjobs", "-a", "-u", user or "all", "-json", "-o", _FIELDS]


def read_status(result: CommandResult) -> Collection[Report]:
    """Read what `status` printed."""
    if re.search(r"^No (unfinished )?job found", result.stderr or result.stdout, re.MULTILINE):
        return []
    text = good(result, "bjobs")
    try:
        return [_report(record) for record in json.loads(text)["RECORDS"]]
    except (ValueError, LookupError, TypeError) as exc:
        raise QueryError(f"bjobs printed what is not its JSON: {text[:80]!r}") from exc


def _report(record: Mapping[str, str]) -> Report:
    word, code, reason = record["STAT"], record["EXIT_CODE"], record["EXIT_REASON"].strip(" -")
    meaning = STATES.get(word)
    if word == "EXIT" and reason:
        meaning = ended(CAUSES.get(reason.partition(":")[0], reason))
    return Report(
        number=record["JOBID"],
        name=record["JOB_NAME"],
        word=word,
        meaning=meaning,
        exit_code=0 if word == "DONE" else int(code) if code.isdigit() else None,
    )


DIALECT = Dialect(
    title="LSF",
    commands=("bsub", "bjobs", "bkill"),
    packages="LSF's client programs; source its profile.lsf for the service",
    variables=("LSB_", "LSF_", "EGO_", "XLSF_", "BINARY_TYPE"),
    longest_name=128,
    options={
        "cores": "-n",
        "memory": "-M",
        "project": "-P",
        "queue": "-q",
        "working_dir": "-cwd",
    },
    submit=submit,
    read_number=re.compile(r"^Job <(\d+)> is submitted", re.MULTILINE),
    status=status,
    read_status=read_status,
    cancel=lambda numbers: ["bkill", *numbers],
    outage=re.compile(
        r"LIM is down|not responding|batch daemon|connection|communication|timed? ?out|failed in an LSF"
        r"|pending job (slot )?threshold|try later",
        re.IGNORECASE,
    ),
    hints={
        "queue": "-q",
        "project": "-P",
        "memory|MEMLIMIT": "-M",
        "run ?time|RUNLIMIT": "-W",
        "resource requirement": "-R",
        "processors|slots": "-n",
        "illegal option|usage:|bad argument": "the native specification",
    },
)
