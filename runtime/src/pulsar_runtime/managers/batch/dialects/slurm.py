"""Slurm: https://slurm.schedmd.com/man_index.html."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence

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
    columns,
    ended,
    report,
)

#: https://slurm.schedmd.com/squeue.html#SECTION_JOB-STATE-CODES
STATES: Mapping[str, Meaning] = {
    "BOOT_FAIL": ended("its node failed to boot"),
    "CANCELLED": ended("cancelled by an administrator, or by somebody with the same account"),
    "COMPLETED": ENDED,
    "COMPLETING": RUNNING,
    "CONFIGURING": PENDING,
    "DEADLINE": ended("killed because its deadline passed"),
    "FAILED": ENDED,
    "LAUNCH_FAILED": ended("it could not be launched on its node"),
    "NODE_FAIL": ended("its node failed while it ran"),
    "OUT_OF_MEMORY": ended("killed because it used more memory than it asked for (--mem)"),
    "PENDING": PENDING,
    "PREEMPTED": ended("killed to make room for another job (preempted)"),
    "RECONFIG_FAIL": ended("its node could not be reconfigured"),
    "REQUEUED": PENDING,
    "REQUEUE_FED": PENDING,
    "REQUEUE_HOLD": PENDING,
    "RESIZING": RUNNING,
    "RESV_DEL_HOLD": PENDING,
    "REVOKED": ended("revoked, for another cluster of the federation started it"),
    "RUNNING": RUNNING,
    "SIGNALING": RUNNING,
    "SPECIAL_EXIT": PENDING,
    "STAGE_OUT": RUNNING,
    "STOPPED": RUNNING,
    "SUSPENDED": RUNNING,
    "TIMEOUT": ended("killed because it ran longer than its time limit (--time)"),
}

#: Why a job will wait until somebody changes the cluster, and the option to look at:
#: https://slurm.schedmd.com/job_reason_codes.html
HOPELESS: Mapping[str, str] = {
    "AccountNotAllowed": "--account",
    "BadConstraints": "--constraint",
    "InvalidAccount": "--account",
    "InvalidQOS": "--qos",
    "PartitionConfig": "--cpus-per-task, --mem or --partition",
    "PartitionTimeLimit": "--time or --partition",
    "QOSNotAllowed": "--qos",
}

_BOOKS = ("JobIDRaw", "JobName", "State", "ExitCode")


def submit(request: Request) -> Sequence[str]:
    """https://slurm.schedmd.com/sbatch.html."""
    cpus = [] if request.cpus is None else [f"--cpus-per-task={request.cpus}"]
    memory = [] if request.memory_mb is None else [f"--mem={request.memory_mb}M"]
    ours = [f"--job-name={request.name}", "--output=/dev/null", "--error=/dev/null"]
    return ["sbatch", "--parsable", *request.options, *cpus, *memory, *request.native, *ours]


def status(user: str | None) -> Sequence[str]:
    """https://slurm.schedmd.com/squeue.html; it lists jobs for some minutes after their end, too."""
    return ["squeue", *([] if user is None else ["--me"]), "--states=all", "--format=%i|%j|%T|%r"]


def read_status(result: CommandResult) -> Collection[Report]:
    """Read what `status` printed."""
    rows = columns(result, "squeue", ("JOBID", "NAME", "STATE", "REASON"))
    return [
        report(STATES, number, name, word, hopeless=_hopeless(word, reason))
        for number, name, word, reason in rows
    ]


def accounting(question: Question) -> Sequence[str]:
    """https://slurm.schedmd.com/sacct.html."""
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(question.since))
    which = [f"--name={','.join(question.names)}", f"--starttime={since}", *([] if question.user else ["-a"])]
    return ["sacct", "--parsable2", "--allocations", *which, f"--format={','.join(_BOOKS)}"]


def read_accounting(result: CommandResult) -> Collection[Report] | None:
    """Read what `accounting` printed, with states such as ``CANCELLED by 1000``."""
    if result.exit_code != 0 and "accounting storage is disabled" in result.stderr:
        return None
    return [
        report(STATES, number, name, state.split(" ")[0], exit_code=_exit_code(code))
        for number, name, state, code in columns(result, "sacct", _BOOKS)
    ]


def _hopeless(word: str, reason: str) -> str:
    option = HOPELESS.get(reason) if word == "PENDING" else None
    return f"{reason}; look at {option}" if option else ""


def _exit_code(text: str) -> int | None:
    """Read ``CODE:SIGNAL`` as a shell would report it; nothing is known of a job that was not its own end."""
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if match is None:
        return None
    return 128 + int(match[2]) if int(match[2]) else int(match[1])


DIALECT = Dialect(
    title="Slurm",
    commands=("sbatch", "squeue", "scancel"),
    packages="slurm-client (Debian, Ubuntu) or slurm (EPEL)",
    variables=("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_"),
    longest_name=128,
    options={"ncpus": "--cpus-per-task", "partition": "--partition", "time": "--time"},
    submit=submit,
    read_number=re.compile(r"^(\d+)(?:;\S+)?$", re.MULTILINE),
    status=status,
    read_status=read_status,
    cancel=lambda numbers: ["scancel", *numbers],
    accounting=accounting,
    read_accounting=read_accounting,
    outage=re.compile(
        r"unable to contact|timed out|connection|communication|standby|temporarily|zero bytes"
        r"|configuration source|munge|authentication|MaxSubmitJob|not responding",
        re.IGNORECASE,
    ),
    hints={
        "account": "--account",
        "partition": "--partition",
        "qos": "--qos",
        "time": "--time",
        "memory|--mem": "--mem",
        "node configuration": "--cpus-per-task or --constraint",
        "gres|generic resource": "--gres",
        "option": "the native specification",
    },
)
