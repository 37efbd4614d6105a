"""Options of sbatch in the words of the REST API; those of each version were taken by a real slurmrestd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.managers.slurmrestd.job_description import job_description


def described(*words: str, version: str = "v0.0.42") -> Mapping[str, Any]:
    """Return what is asked for a job, less what is the same for all."""
    asked = job_description(words, "#!/bin/bash\n", {"PATH": "/bin"}, version)
    job = cast("dict[str, Any]", asked["job"])
    assert job.pop("current_working_directory") == "/"
    job.pop("environment")
    return job


def test_script_and_environment_are_said_as_each_version_wants_them() -> None:
    script = "#!/bin/bash\nexec true\n"
    new, old = (
        job_description(["--mem=60M"], script, {"PATH": "/bin", "A": "b=c"}, version)
        for version in ("v0.0.40", "v0.0.38")
    )
    assert new == {
        "script": script,
        "job": {
            "current_working_directory": "/",
            "environment": ["PATH=/bin", "A=b=c"],
            "memory_per_node": {"set": True, "number": 60},
        },
    }
    assert old == {
        "script": script,
        "job": {
            "current_working_directory": "/",
            "environment": {"PATH": "/bin", "A": "b=c"},
            "memory_per_node": 60,
        },
    }


def test_options_are_read_in_long_and_in_short() -> None:
    long = (
        "--account=a --constraint c --cpus-per-task=2 --licenses l --partition=p --qos q --ntasks 3 --time=5"
    )
    short = "-A a -C c -c 2 -L l -p p -q q -n 3 -t 5"
    assert described(*long.split()) == described(*short.split())
    assert described(*long.split()) == {
        "account": "a",
        "constraints": "c",
        "cpus_per_task": 2,
        "licenses": "l",
        "partition": "p",
        "qos": "q",
        "tasks": 3,
        "time_limit": {"set": True, "number": 5},
    }


def test_the_last_of_several_counts() -> None:
    """The job's own come after the manager's."""
    assert described("--partition=main", "-p", "short") == {"partition": "short"}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("2:30", 3),
        ("2:00", 2),
        ("1:30:00", 90),
        ("1:30:01", 91),
        ("1-0", 1440),
        ("1-12", 2160),
        ("1-2:30", 1590),
        ("1-2:30:30", 1591),
    ],
)
def test_times_are_those_of_sbatch(text: str, minutes: int) -> None:
    """https://slurm.schedmd.com/sbatch.html#OPT_time; Slurm too counts in minutes, and rounds up."""
    assert described(f"--time={text}", version="v0.0.38") == {"time_limit": minutes}


@pytest.mark.parametrize(
    ("text", "megabytes"), [("100", 100), ("60M", 60), ("2G", 2048), ("1t", 1024 * 1024), ("1500K", 2)]
)
def test_sizes_are_those_of_sbatch(text: str, megabytes: int) -> None:
    assert described(f"--mem-per-cpu={text}", version="v0.0.38") == {"memory_per_cpu": megabytes}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--frobnicate"], "unrecognized arguments: --frobnicate; with slurmrestd there are the options"),
        (["--part", "main"], "unrecognized arguments: --part main"),
        (["--mem", "lots"], "argument --mem: 'lots' is no size such as 4G"),
        (["--time", "soon"], "'soon' is no time such as 2:30:00 or 1-12"),
        (["--cpus-per-task", "two"], "invalid int value: 'two'"),
        (["--qos"], "argument -q/--qos: expected one argument"),
    ],
)
def test_what_cannot_be_said_is_refused_and_named(words: list[str], reason: str) -> None:
    with pytest.raises(SubmitRejected) as raised:
        described(*words)
    assert reason in str(raised.value)
    assert "--partition" in str(raised.value)
