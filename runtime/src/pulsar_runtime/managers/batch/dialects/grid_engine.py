"""Grid Engine (Son of, Univa, Open Cluster Scheduler): https://manpages.debian.org/stable/gridengine-client/."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

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
)
from pulsar_runtime.managers.batch.xml_answer import Element, document

#: qstat(1), "state", and sge_status(5); the letters of one state come in one order only.
STATES: Mapping[str, Meaning] = {
    **dict.fromkeys(("qw", "hqw", "hRqw", "hRwq", "Rqw", "Rq"), PENDING),
    **dict.fromkeys(("Eqw", "Ehqw", "EhRqw", "ERqw"), PENDING),
    **dict.fromkeys(("r", "t", "Rr", "Rt", "hr", "ht"), RUNNING),
    **dict.fromkeys(("s", "ts", "S", "tS", "T", "tT", "Rs", "Rts", "RS", "RtS", "RT", "RtT"), RUNNING),
    **dict.fromkeys(("dr", "dt", "dRr", "dRt", "ds", "dS", "dT", "dRs", "dRS", "dRT"), RUNNING),
}

#: accounting(5), "failed".
CAUSES: Mapping[str, Meaning] = {
    "0": ENDED,
    "37": ended("killed because it went beyond a limit (h_rt, h_cpu or h_vmem)"),
    "100": ended("killed by a signal: with qdel, or beyond a limit such as h_rt or h_vmem"),
}


def submit(request: Request) -> Sequence[str]:
    """https://manpages.debian.org/stable/gridengine-client/qsub.1.en.html."""
    cpus = [] if request.cpus is None else ["-pe", "smp", str(request.cpus)]
    each = request.memory_mb_per_cpu
    memory = [] if each is None else ["-l", f"h_vmem={each}M"]
    ours = ["-N", request.name, "-o", "/dev/null", "-e", "/dev/null"]
    # Elsewhere a job begins in its user's home, which a node need not have.
    always = ["-terse", "-S", "/bin/bash", "-wd", "/"]
    return ["qsub", *always, *request.options, *cpus, *memory, *request.native, *ours]


def status(user: str | None) -> Sequence[str]:
    """With names in full length, which only XML has."""
    return ["qstat", "-u", user or "*", "-xml"]


def read_status(result: CommandResult) -> Collection[Report]:
    """Read what `status` printed."""
    return [_listed(job) for job in document(result, "qstat", "job_info").iter("job_list")]


def _listed(job: Element) -> Report:
    word = job.findtext("state", "")
    return Report(
        number=job.findtext("JB_job_number", ""),
        name=job.findtext("JB_name", ""),
        word=word,
        meaning=STATES.get(word),
        hopeless=f"it is in error state {word}; 'qstat -j' says why" if word.startswith("E") else "",
    )


def accounting(question: Question) -> Sequence[str]:
    """https://manpages.debian.org/stable/gridengine-client/qacct.1.en.html."""
    since = time.strftime("%Y%m%d%H%M", time.localtime(question.since))
    whose = [] if question.user is None else ["-o", question.user]
    return ["qacct", *whose, "-b", since, "-j"]


def read_accounting(result: CommandResult) -> Collection[Report] | None:
    """Read what `accounting` printed: a block of lines for each job, after a line of equals signs."""
    if result.exit_code != 0 and re.search(r"no jobs|not found|No such file", result.stderr):
        return [] if "No such file" not in result.stderr else None
    blocks = re.split(r"^=+$", good(result, "qacct"), flags=re.MULTILINE)
    return list(chain.from_iterable(map(_booked, blocks)))


def _booked(block: str) -> Collection[Report]:
    lines = (line.split(None, 1) for line in block.splitlines())
    facts = {line[0]: line[1].strip() for line in lines if len(line) > 1}
    if not {"jobnumber", "jobname", "failed", "exit_status"} <= facts.keys():
        return []
    failed, code = facts["failed"], facts["exit_status"].split()[0]
    other = ended(f"Grid Engine says: {' '.join(failed.split())}")
    return [
        Report(
            number=facts["jobnumber"],
            name=facts["jobname"],
            word=failed,
            meaning=CAUSES.get(failed.split()[0], other),
            exit_code=int(code) if code.isdigit() else None,
        )
    ]


DIALECT = Dialect(
    title="Grid Engine",
    commands=("qsub", "qstat", "qdel"),
    packages="gridengine-client (Debian, Ubuntu)",
    variables=("SGE_",),
    longest_name=128,
    options={"account": "-A", "priority": "-p", "project": "-P", "queue": "-q", "resources": "-l"},
    submit=submit,
    read_number=re.compile(r"^(\d+)\s*$", re.MULTILINE),
    status=status,
    read_status=read_status,
    cancel=lambda numbers: ["qdel", *numbers],
    accounting=accounting,
    read_accounting=read_accounting,
    outage=re.compile(
        r"unable to (send|contact)|can't connect|cannot connect|connection|timed? ?out|commlib|qmaster"
        r"|maximum number of (active )?jobs|job limit",
        re.IGNORECASE,
    ),
    hints={
        "queue": "-q",
        "parallel environment": "-pe",
        "project": "-P",
        "resource|h_vmem": "-l",
        "unknown option|usage:": "the native specification",
    },
)
