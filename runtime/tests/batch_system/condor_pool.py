"""HTCondor in a directory: its commands, and the user logs that it writes.

A program of its own, as `cluster`: ``condor_pool.py DIRECTORY COMMAND ...``. The forms are those of the
recorded outputs in `runtime/tests/unit/managers/condor/recorded`.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from runtime.tests.batch_system.cluster import Cluster, Job, misbehave

#: What is written into a log when a job comes into a state.
_EVENTS = {
    "pending": "000 ({number:03}.000.000) 2026-11-22 19:03:42 Job submitted from host: <127.0.0.1:9618>",
    "running": "001 ({number:03}.000.000) 2026-11-22 19:03:45 Job executing on host: <127.0.0.1:9618>",
    "done": (
        "005 ({number:03}.000.000) 2026-11-22 19:03:47 Job terminated.\n"
        "\t(1) Normal termination (return value {code})"
    ),
    "cancelled": (
        "009 ({number:03}.000.000) 2026-11-22 19:10:41 Job was aborted.\n\tvia condor_rm (by user pulsar)"
    ),
    "evicted": "004 ({number:03}.000.000) 2026-11-22 19:10:41 Job was evicted.",
    "held": "012 ({number:03}.000.000) 2026-11-22 19:10:40 Job was held.\n\t{why}\n\tCode {hold} Subcode 0",
}

_QUEUED = ("pending", "running", "held")


class CondorPool(Cluster):
    """Jobs that tell their logs how they fare."""

    def describe(self, text: str) -> str:
        """Queue the job of a submit description; return its number."""
        said = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
        said = {key: value.replace("$(DOLLAR)", "$") for key, value in said.items()}
        script, output, error, place = (
            shlex.quote(said[key]) for key in ("executable", "output", "error", "initialdir")
        )
        with self.jobs() as jobs:
            # The lock is held until the job is complete, its log included.
            number = str(len(jobs) + 1)
            (self.directory / f"{number}.sh").write_text(
                f"cd {place} && exec /bin/bash {script} </dev/null >{output} 2>{error}"
            )
            jobs[number] = {
                "number": number,
                "name": said["batch_name"],
                "state": "pending",
                "code": None,
                "log": said["log"],
                "records": json.loads(said["+PulsarRuntimeRecords"]),
            }
        return number

    def _tick(self, jobs: dict[str, Job]) -> None:
        for job in jobs.values():
            self._tell(job)
        super()._tick(jobs)
        for job in jobs.values():
            self._tell(job)

    def _tell(self, job: Job) -> None:
        told, state = job.get("told"), job["state"]
        if state in (told, "vanished"):
            return
        event = "evicted" if state == "pending" and told == "running" else state
        words = _EVENTS[event].format(**{**job, "number": int(job["number"])})
        job["told"] = state
        path = Path(job["log"])
        if path.parent.exists() and not (self.directory / "silent").exists():
            with path.open("a") as log:
                log.write(f"{words}\n...\n")


def _submit(pool: CondorPool, arguments: Sequence[str]) -> None:
    assert arguments == ["-terse", "-"]
    number = pool.describe(sys.stdin.read())
    sys.stdout.write(f"{number}.0 - {number}.0\n")


def _list(pool: CondorPool, arguments: Sequence[str], *, in_queue: bool) -> None:
    constraint = arguments[arguments.index("-constraint") + 1]
    said = re.match(r'PulsarRuntimeRecords == ("(?:[^"\\]|\\.)*")', constraint)
    assert said, constraint
    clusters = set(re.findall(r"ClusterId == (\d+)", constraint))
    with pool.jobs() as jobs:
        ads = [
            {
                "ClusterId": int(job["number"]),
                "UserLog": job["log"],
                "JobStatus": {"pending": 1, "running": 2, "cancelled": 3, "done": 4, "held": 5}[job["state"]],
                "ExitBySignal": False,
                **({"ExitCode": job["code"]} if job["state"] == "done" else {}),
                **({"RemoveReason": "via condor_rm"} if job["state"] == "cancelled" else {}),
            }
            for job in jobs.values()
            if job["records"] == json.loads(said[1])
            and job["state"] != "vanished"
            and (job["state"] in _QUEUED) == in_queue
            and (in_queue or job["number"] in clusters)
        ]
    # Of no job, condor_q says nothing at all.
    sys.stdout.write(json.dumps(ads) if ads or not in_queue else "")


def _remove(pool: CondorPool, arguments: Sequence[str]) -> None:
    with pool.jobs() as jobs:
        job = jobs.get(arguments[0])
        if job is not None and job["state"] in _QUEUED:
            pool.end(job, "cancelled")
            return
    sys.stderr.write(f"Couldn't find/remove all jobs in cluster {arguments[0]}\n")
    sys.exit(1)


def _misbehave(pool: CondorPool, command: str) -> bool:
    """Do what only HTCondor does in place of a command, if a test asked for it."""
    path = pool.directory / "faults.json"
    match (json.loads(path.read_text()) if path.exists() else {}).get(command):
        case "reject":
            sys.stderr.write("ERROR: Parse error in expression: \n\tRequestMemory = lots and lots\n\t\n")
            sys.exit(1)
        case "take and fail":
            pool.describe(sys.stdin.read())
            sys.stderr.write("\nERROR: Failed to connect to local queue manager\n")
            sys.exit(1)
    return False


def main() -> None:
    """Be one command."""
    directory, command, *arguments = sys.argv[1:]
    pool = CondorPool(Path(directory))
    with (pool.directory / "commands").open("a") as log:
        log.write(f"{command}\n")
    if _misbehave(pool, command) or misbehave(pool.directory, command, "HTCondor"):
        return
    match command:
        case "condor_submit":
            _submit(pool, arguments)
        case "condor_q" | "condor_history":
            _list(pool, arguments, in_queue=command == "condor_q")
        case "condor_rm":
            _remove(pool, arguments)


if __name__ == "__main__":
    main()
