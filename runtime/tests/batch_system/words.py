"""How the commands of each dialect are spoken to and answer, as far as managers use them.

The forms are those of the answers in `runtime/tests/unit/managers/batch`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from runtime.tests.batch_system.cluster import Cluster, Job

Speaker = Callable[["Cluster", str, Sequence[str]], None]


def _option(arguments: Sequence[str], name: str) -> str:
    """Return the value of an option, in its own word or behind an equals sign."""
    for place, word in enumerate(arguments):
        if word == name:
            return arguments[place + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _listed(cluster: Cluster, *, ended: bool) -> list[Job]:
    """Return the jobs that a status command shows; *ended* ones only where the batch system keeps them."""
    with cluster.jobs() as jobs:
        shown = list(jobs.values())
    keep = ended and not (cluster.directory / "forgets").exists()
    return [
        job
        for job in shown
        if job["state"] != "vanished" and (keep or job["state"] in ("pending", "running"))
    ]


def _booked(cluster: Cluster) -> list[Job]:
    with cluster.jobs() as jobs:
        return [job for job in jobs.values() if job["state"] != "vanished"]


def _print(text: str) -> None:
    sys.stdout.write(text)


def _leave(*, well: bool) -> None:
    sys.exit(0 if well else 1)


_SLURM = {
    "pending": "PENDING",
    "running": "RUNNING",
    "cancelled": "CANCELLED",
    "timeout": "TIMEOUT",
    "memory": "OUT_OF_MEMORY",
    "node": "NODE_FAIL",
}


def _slurm_word(job: Job) -> str:
    return _SLURM.get(job["state"]) or ("FAILED" if job["code"] else "COMPLETED")


def slurm(cluster: Cluster, command: str, arguments: Sequence[str]) -> None:
    if command == "sbatch":
        _print(cluster.submit(_option(arguments, "--job-name"), sys.stdin.read()) + "\n")
    elif command == "squeue":
        lines = [
            f"{job['number']}|{job['name']}|{_slurm_word(job)}|{job.get('reason', 'None')}\n"
            for job in _listed(cluster, ended=True)
        ]
        _print("JOBID|NAME|STATE|REASON\n" + "".join(lines))
    elif command == "sacct":
        if (cluster.directory / "no_books").exists():
            sys.stderr.write("Slurm accounting storage is disabled\n")
            _leave(well=False)
        names = _option(arguments, "--name").split(",")
        lines = [
            f"{job['number']}|{job['name']}|{_slurm_word(job)}|{job['code'] or 0}:0\n"
            for job in _booked(cluster)
            if job["name"] in names
        ]
        _print("JobIDRaw|JobName|State|ExitCode\n" + "".join(lines))
    else:
        cluster.cancel(list(arguments))


#: Torque's codes for its own reasons, and PBS Pro's.
_TORQUE = {"cancelled": 271, "timeout": -11, "memory": -10, "node": -4}
_PBS = {"cancelled": 271, "timeout": -29, "memory": -27, "node": -4}


def _pbs_state(job: Job, ended: str) -> str:
    return {"pending": "Q", "running": "R"}.get(job["state"], ended)


def torque(cluster: Cluster, command: str, arguments: Sequence[str]) -> None:
    if command == "qsub":
        _print(cluster.submit(_option(arguments, "-N"), sys.stdin.read()) + ".cluster.example.org\n")
    elif command == "qstat":
        jobs = _listed(cluster, ended=True)
        items = [
            f"<Job><Job_Id>{job['number']}.cluster.example.org</Job_Id><Job_Name>{escape(job['name'])}</Job_Name>"
            f"<job_state>{_pbs_state(job, 'C')}</job_state>{_torque_status(job)}</Job>"
            for job in jobs
        ]
        _print(f"<Data>{''.join(items)}</Data>\n" if items else "")
    else:
        _leave(well=cluster.cancel([number.partition(".")[0] for number in arguments]))


def _torque_status(job: Job) -> str:
    code = _TORQUE.get(job["state"], job["code"])
    return "" if code is None else f"<exit_status>{code}</exit_status>"


def pbs_pro(cluster: Cluster, command: str, arguments: Sequence[str]) -> None:
    if command == "qsub":
        _print(cluster.submit(_option(arguments, "-N"), sys.stdin.read()) + ".cluster\n")
    elif command == "qstat":
        past = "-x" in arguments
        if past and (cluster.directory / "no_books").exists():
            sys.stderr.write("qstat: PBS is not configured to maintain job history\n")
            _leave(well=False)
        jobs = {
            f"{job['number']}.cluster": {
                "Job_Name": job["name"],
                "job_state": _pbs_state(job, "F"),
                **_pbs_status(job),
            }
            for job in (_booked(cluster) if past else _listed(cluster, ended=False))
        }
        _print(json.dumps({"pbs_server": "cluster", **({"Jobs": jobs} if jobs else {})}))
    else:
        _leave(well=cluster.cancel([number.partition(".")[0] for number in arguments]))


def _pbs_status(job: Job) -> dict[str, int]:
    code = _PBS.get(job["state"], job["code"])
    return {} if code is None else {"Exit_status": code}


_LSF = {
    "cancelled": "TERM_OWNER: job killed by owner",
    "timeout": "TERM_RUNLIMIT: job killed after reaching LSF run time limit",
    "memory": "TERM_MEMLIMIT: job killed after reaching LSF memory usage limit",
    "node": "TERM_ZOMBIE: job exited while LSF is not available",
}


def lsf(cluster: Cluster, command: str, arguments: Sequence[str]) -> None:
    if command == "bsub":
        number = cluster.submit(_option(arguments, "-J"), sys.stdin.read())
        _print(f"Job <{number}> is submitted to default queue <normal>.\n")
    elif command == "bjobs":
        records = [
            {
                "JOBID": job["number"],
                "JOB_NAME": job["name"],
                "STAT": {"pending": "PEND", "running": "RUN"}.get(job["state"])
                or ("DONE" if job["code"] == 0 else "EXIT"),
                "EXIT_CODE": str(job["code"] or ""),
                "EXIT_REASON": _LSF.get(job["state"], ""),
            }
            for job in _listed(cluster, ended=True)
        ]
        _print(json.dumps({"COMMAND": "bjobs", "JOBS": len(records), "RECORDS": records}))
    else:
        _leave(well=cluster.cancel(list(arguments)))


_QACCT = {
    "cancelled": "100 : assumedly after job",
    "timeout": "37  : qmaster enforced h_rt limit",
    "memory": "100 : assumedly after job",
    "node": "21  : in recognizing job",
}


def grid_engine(cluster: Cluster, command: str, arguments: Sequence[str]) -> None:
    if command == "qsub":
        _print(cluster.submit(_option(arguments, "-N"), sys.stdin.read()) + "\n")
    elif command == "qstat":
        items = [
            f"<job_list><JB_job_number>{job['number']}</JB_job_number><JB_name>{escape(job['name'])}</JB_name>"
            f"<state>{'qw' if job['state'] == 'pending' else 'r'}</state></job_list>"
            for job in _listed(cluster, ended=False)
        ]
        _print(f"<job_info><queue_info>{''.join(items)}</queue_info></job_info>")
    elif command == "qacct":
        ended = [job for job in _booked(cluster) if job["state"] not in ("pending", "running")]
        for job in ended:
            code = 137 if job["code"] is None else job["code"]
            _print(
                f"{'=' * 62}\njobname      {job['name']}\njobnumber    {job['number']}\n"
                f"failed       {_QACCT.get(job['state'], '0')}\nexit_status  {code}\n"
            )
    else:
        cluster.cancel(list(arguments))


SPEAKERS: dict[str, Speaker] = {
    "Slurm": slurm,
    "Torque": torque,
    "PBSPro": pbs_pro,
    "LSF": lsf,
    "GridEngine": grid_engine,
}
