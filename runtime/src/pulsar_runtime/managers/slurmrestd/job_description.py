"""What is asked for a job, from sbatch's words to those of the REST API."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import NoReturn

from pulsar_runtime.domain.errors import SubmitRejected

_MEGABYTES = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}
_MEMORY = re.compile(r"(\d{1,12})([KMGT]?)", re.IGNORECASE)
#: https://slurm.schedmd.com/sbatch.html#OPT_time
_TIME = re.compile(r"(?:(\d{1,5})-(\d{1,2})|(\d{1,6}))(?::(\d{1,2}))?(?::(\d{1,2}))?")

_OLDEST_VERSION = "v0.0.38"


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        known = ", ".join(name for action in self._actions for name in action.option_strings[-1:])
        raise SubmitRejected(f"{message}; with slurmrestd there are the options {known}")


def _megabytes(text: str) -> int:
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 4G")
    return ceil(int(match[1]) * _MEGABYTES[(match[2] or "M").upper()])


def _minutes(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2:30:00 or 1-12")
    days, hours_of_day, first, second, third = (int(part or 0) for part in match.groups())
    if match[1] is not None:
        hours, minutes, seconds = days * 24 + hours_of_day, second, third
    elif match[5] is not None:
        hours, minutes, seconds = first, second, third
    else:
        hours, minutes, seconds = 0, first, second
    return hours * 60 + minutes + ceil(seconds / 60)


def _options() -> _Options:
    options = _Options(prog="sbatch", add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    for names, field in (
        (("-A", "--account"), "account"),
        (("--comment",), "comment"),
        (("-C", "--constraint"), "constraints"),
        (("-e", "--error"), "standard_error"),
        (("-J", "--job-name"), "name"),
        (("-L", "--licenses"), "licenses"),
        (("-o", "--output"), "standard_output"),
        (("-p", "--partition"), "partition"),
        (("-q", "--qos"), "qos"),
        (("--reservation",), "reservation"),
    ):
        options.add_argument(*names, dest=field)
    options.add_argument("-c", "--cpus-per-task", dest="cpus_per_task", type=int)
    options.add_argument("-n", "--ntasks", dest="tasks", type=int)
    options.add_argument("--mem", dest="memory_per_node", type=_megabytes)
    options.add_argument("--mem-per-cpu", dest="memory_per_cpu", type=_megabytes)
    options.add_argument("-t", "--time", dest="time_limit", type=_minutes)
    return options


#: Numbers that may also be infinite.
_NUMBERS = frozenset({"memory_per_node", "memory_per_cpu", "time_limit"})


def job_description(
    words: Sequence[str], script: str, environment: Mapping[str, str], version: str
) -> Mapping[str, object]:
    """Return the body of a submission; raises `SubmitRejected` for options that cannot be said in it.

    A job without an *environment* is refused by Slurm: the API hands none on.
    """
    job = dict(vars(_options().parse_args(words)))
    if version == _OLDEST_VERSION:
        variables: object = dict(environment)
    else:
        variables = [f"{name}={value}" for name, value in environment.items()]
        job |= {field: {"set": True, "number": job[field]} for field in _NUMBERS & job.keys()}
    return {"script": script, "job": {**job, "current_working_directory": "/", "environment": variables}}
