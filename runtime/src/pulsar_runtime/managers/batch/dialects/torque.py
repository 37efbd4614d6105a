"""Torque: https://docs.adaptivecomputing.com/torque/6-1-2/adminGuide/."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

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
    shell_code,
)
from pulsar_runtime.managers.batch.xml_answer import Element, document

#: .../topics/torque/commands/qstat.htm
STATES: Mapping[str, Meaning] = {
    "C": ENDED,
    "E": RUNNING,
    "H": PENDING,
    "Q": PENDING,
    "R": RUNNING,
    "S": RUNNING,
    "T": PENDING,
    "W": PENDING,
}

#: .../topics/torque/2-jobs/jobExitStatus.htm
CAUSES: Mapping[int, Meaning] = {
    -1: ended("it could not be started on its node"),
    -2: ended("it could not be started on its node"),
    -4: ended("its node was restarted while it ran"),
    -8: ended("its script could not be run on its node"),
    -10: ended("killed because it used more memory than it asked for (-l mem)"),
    -11: ended("killed because it ran longer than its time limit (-l walltime)"),
    -12: ended("killed because it used more CPU time than it asked for (-l cput)"),
    # 256 and SIGTERM: the end of the time limit looks the same.
    271: ended("killed by Torque or with qdel: look at its time limit (-l walltime)"),
}

#: The long names are those of the reference server (protocol section 8.2).
OPTIONS: Mapping[str, str] = {
    "Account_Name": "-A",
    "Checkpoint": "-c",
    "destination": "-q",
    "Execution_Time": "-a",
    "Group_List": "-g",
    "Hold_Types": "-h",
    "Keep_Files": "-k",
    "Mail_Points": "-m",
    "Mail_Users": "-M",
    "Priority": "-p",
    "Rerunable": "-r",
    "Resource_List": "-l",
    "Shell_Path_List": "-S",
    "User_List": "-u",
    "Variable_List": "-v",
}

HINTS: Mapping[str, str] = {
    "queue": "-q",
    "account": "-A",
    "walltime": "-l walltime",
    "memory|mem=": "-l mem",
    "node|resource": "-l",
    "usage:|option": "the native specification",
}

OUTAGE = re.compile(
    r"cannot connect|connection|communication|timed? ?out|end of file|munge|not running|no server"
    r"|maximum number of jobs|limit on the number",
    re.IGNORECASE,
)


def submit(request: Request) -> Sequence[str]:
    """.../topics/torque/commands/qsub.htm."""
    cpus = [] if request.cpus is None else ["-l", f"nodes=1:ppn={request.cpus}"]
    memory = [] if request.memory_mb is None else ["-l", f"mem={request.memory_mb}mb"]
    ours = ["-N", request.name, "-o", "/dev/null", "-e", "/dev/null"]
    return ["qsub", "-S", "/bin/bash", *request.options, *cpus, *memory, *request.native, *ours]


def status(_user: str | None) -> Sequence[str]:
    """With names in full length, which only XML has."""
    return ["qstat", "-x"]


def read_status(result: CommandResult) -> Collection[Report]:
    """Read what `status` printed: nothing at all when there are no jobs."""
    if not good(result, "qstat").strip():
        return []
    return [_report(job) for job in document(result, "qstat", "Data").findall("Job")]


def _report(job: Element) -> Report:
    word, exit_status = job.findtext("job_state", ""), job.findtext("exit_status")
    status = int(exit_status) if exit_status and re.fullmatch(r"-?\d+", exit_status) else None
    meaning = STATES.get(word)
    return Report(
        number=job.findtext("Job_Id", ""),
        name=job.findtext("Job_Name", ""),
        word=word,
        meaning=CAUSES.get(status, meaning) if meaning is ENDED and status is not None else meaning,
        exit_code=shell_code(status),
    )


DIALECT = Dialect(
    title="Torque",
    commands=("qsub", "qstat", "qdel"),
    packages="Torque's client programs, as your cluster's administrators provide them",
    variables=("PBS", "TORQUE"),
    longest_name=15,
    options=OPTIONS,
    submit=submit,
    read_number=re.compile(r"^(\d+(?:\.\S+)?)\s*$", re.MULTILINE),
    status=status,
    read_status=read_status,
    cancel=lambda numbers: ["qdel", *numbers],
    outage=OUTAGE,
    hints=HINTS,
)
