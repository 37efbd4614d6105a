"""Slurm's commands for who has its REST API alone: a program that does what they would do.

``program.py SETTINGS COMMAND ...``: the settings are a JSON object, and the command is one that the Slurm
dialect builds: sbatch, squeue or scancel. It prints what that command would print, so that nobody else knows
of the API. It is a process of its own, as a command is: it may hang, be killed, and outlive the agent that
waits for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pulsar_runtime.domain.errors import QueryError, SubmitRejected
from pulsar_runtime.managers.slurmrestd.endpoint import Endpoint
from pulsar_runtime.managers.slurmrestd.job_description import job_description

_NAME = "--job-name="

#: What it says first when nothing follows for the job.
NO_ANSWER = "no answer"

#: States that a job has beside another one, which squeue(1) shows in its place.
_FLAGS = ("COMPLETING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "STAGE_OUT", "STOPPED")

#: The job is not there, or has ended: https://github.com/SchedMD/slurm/blob/master/slurm/slurm_errno.h
_GONE = frozenset({2017, 2021})


def main() -> int:
    """Do what a command would do; return its exit code."""
    settings = json.loads(sys.argv[1])
    endpoint = Endpoint(settings["url"], settings["user"], settings["token_file"])
    command, *words = sys.argv[2:]
    try:
        match command:
            case "sbatch":
                said = _submit(endpoint, words, settings["environment"])
            case "squeue":
                said = _list(endpoint)
            case _:
                said = _cancel(endpoint, words)
    except SubmitRejected as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    except QueryError as exc:
        sys.stderr.write(f"{NO_ANSWER}: {exc}\n")
        return 1
    sys.stdout.write(said)
    return 0


def _submit(endpoint: Endpoint, words: Sequence[str], environment: Mapping[str, str]) -> str:
    try:
        script = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as exc:
        raise SubmitRejected("slurmrestd takes no paths that are not UTF-8") from exc
    options = [word for word in words if word != "--parsable"]
    try:
        number = endpoint.ask(
            "POST", "job/submit", lambda version: job_description(options, script, environment, version)
        ).get("job_id")
    except SubmitRejected:
        # To older versions it is an error that a job was taken and will wait, perhaps for ever.
        number = _number(endpoint, [word for word in words if word.startswith(_NAME)])
        if number is None:
            raise
    if not isinstance(number, int):
        raise QueryError("slurmrestd did not say the number of the job")
    return f"{number}\n"


def _number(endpoint: Endpoint, names: Sequence[str]) -> object:
    """Return the number of the job that has the last of these names, if there is one."""
    name = names[-1].removeprefix(_NAME)
    return next((job["job_id"] for job in _jobs(endpoint) if job["name"] == name), None)


def _list(endpoint: Endpoint) -> str:
    lines = ["JOBID|NAME|STATE|REASON", *map(_line, _jobs(endpoint))]
    return "".join(f"{line}\n" for line in lines)


def _jobs(endpoint: Endpoint) -> Sequence[Mapping[str, Any]]:
    """Return the jobs of the user who asks, with all that `_line` reads."""
    answer = endpoint.ask("GET", "jobs")
    try:
        return [job for job in answer["jobs"] if job["user_name"] == endpoint.user and _line(job)]
    except (LookupError, TypeError, AttributeError) as exc:
        raise QueryError("slurmrestd answered with what is not a list of jobs") from exc


def _line(job: Mapping[str, Any]) -> str:
    # Names of other programs' jobs may hold anything.
    name = "_".join(str(job["name"]).replace("|", " ").split())
    return f"{job['job_id']}|{name}|{_state(job['job_state'])}|{job['state_reason']}"


def _state(given: str | Sequence[str]) -> str:
    """Return the one word for a state; older versions of the API have no more."""
    states = [given] if isinstance(given, str) else [*given]
    return next((state for state in states if state in _FLAGS), states[0])


def _cancel(endpoint: Endpoint, numbers: Sequence[str]) -> str:
    failed = []
    for number in numbers:
        answer = endpoint.ask("DELETE", f"job/{number}", fine=_GONE)
        errors = [status["error"] for status in answer.get("status") or ()]
        failed += [str(error["string"]) for error in errors if error["code"] not in {0, *_GONE}]
    if failed:
        raise SubmitRejected("; ".join(dict.fromkeys(failed)))
    return ""


if __name__ == "__main__":
    sys.exit(main())
