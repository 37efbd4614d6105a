"""Slots and memory as the job script finds them out (protocol section 8.3, steps 4 and 11)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.domain.environment import Assign, Execute
from runtime.tests.unit.managers.scripted_job import ENVIRONMENT, ScriptedJob, Variable

_SLOTS = ("GALAXY_SLOTS", "GALAXY_SLOTS_CONFIGURED")
_MEMORY = ("GALAXY_MEMORY_MB", "GALAXY_MEMORY_MB_PER_SLOT")


@pytest.mark.parametrize(
    ("given", "slots"),
    [
        ({"SLURM_CPUS_ON_NODE": "4", "SLURM_NTASKS": "9"}, "4"),
        ({"SLURM_NTASKS": "3"}, "3"),
        ({"SLURM_CPUS_PER_TASK": "5"}, "5"),
        ({"SLURM_NTASKS": "3", "SLURM_CPUS_PER_TASK": "5", "NSLOTS": "2"}, "15"),
        ({"NSLOTS": "2", "NCPUS": "3"}, "2"),
        ({"NCPUS": "3", "PBS_NCPUS": "4"}, "3"),
        ({"PBS_NCPUS": "4", "PBS_NODEFILE": "{nodes}"}, "4"),
        ({"PBS_NODEFILE": "{nodes}", "LSB_DJOB_NUMPROC": "7"}, "3"),
        ({"PBS_NODEFILE": "/nonexistent", "LSB_DJOB_NUMPROC": "7"}, "7"),
        ({"LSB_DJOB_NUMPROC": "7", "GALAXY_SLOTS": "8"}, "7"),
        ({"GALAXY_SLOTS": "8", "PYTHON_CPU_COUNT": "6"}, "8"),
        ({"PYTHON_CPU_COUNT": "6"}, "6"),
    ],
)
def test_slots_come_from_the_first_source_that_knows(
    job: ScriptedJob, tmp_path: Path, given: dict[str, str], slots: str
) -> None:
    """Expected values were observed at the reference server 0.16.0."""
    nodes = tmp_path / "nodes"
    nodes.write_text("n1\nn1\nn2\n", encoding="ascii")
    environ = ENVIRONMENT | {name: value.replace("{nodes}", str(nodes)) for name, value in given.items()}
    assert job.observe(*_SLOTS, environ=environ) == {
        "GALAXY_SLOTS": Variable(slots, exported=True),
        "GALAXY_SLOTS_CONFIGURED": Variable("1", exported=True),
    }


@pytest.mark.parametrize("given", [{}, {"NSLOTS": "", "GALAXY_SLOTS": ""}, {"GALAXY_SLOTS_CONFIGURED": "1"}])
def test_slots_that_nobody_knows_are_one_and_not_configured(job: ScriptedJob, given: dict[str, str]) -> None:
    assert job.observe(*_SLOTS, environ={**ENVIRONMENT, **given}) == {
        "GALAXY_SLOTS": Variable("1", exported=True)
    }


def test_a_managers_own_slots_and_memory_win(job: ScriptedJob) -> None:
    environment = (Assign("GALAXY_SLOTS", "8"), Assign("GALAXY_MEMORY_MB", "4000"))
    seen = job.observe("GALAXY_SLOTS", *_MEMORY, environment=environment)
    assert [seen[name].value for name in ("GALAXY_SLOTS", *_MEMORY)] == ["8", "4000", "500"]


@pytest.mark.parametrize(
    ("given", "total", "per_slot"),
    [
        ({}, None, None),
        ({"GALAXY_MEMORY_MB": "100"}, "100", "100"),
        ({"GALAXY_MEMORY_MB": "100", "GALAXY_SLOTS": "3"}, "100", "33"),
        ({"GALAXY_MEMORY_MB_PER_SLOT": "7", "GALAXY_SLOTS": "3"}, "21", "7"),
        ({"GALAXY_MEMORY_MB": "10", "GALAXY_MEMORY_MB_PER_SLOT": "7"}, "10", "7"),
        ({"GALAXY_MEMORY_MB": "2", "GALAXY_SLOTS": "3"}, "2", None),
        ({"GALAXY_MEMORY_MB": "0", "GALAXY_MEMORY_MB_PER_SLOT": "0"}, None, None),
        ({"GALAXY_MEMORY_MB": "-1"}, None, None),
        ({"GALAXY_MEMORY_MB": "abc"}, None, None),
        ({"GALAXY_MEMORY_MB": "100", "GALAXY_SLOTS": "all"}, "100", None),
        ({"SGE_HGR_h_vmem": "4G", "GALAXY_SLOTS": "2"}, "8192", "4096"),
        ({"SGE_HGR_h_vmem": "4.5G", "GALAXY_SLOTS": "2"}, "9216", "4608"),
        ({"SGE_HGR_h_vmem": "0.5G", "GALAXY_SLOTS": "2"}, "1024", "512"),
        ({"SGE_HGR_h_vmem": "4G", "GALAXY_MEMORY_MB": "100"}, "100", "4096"),
    ],
)
def test_memory_and_memory_per_slot_follow_from_each_other(
    job: ScriptedJob, given: dict[str, str], total: str | None, per_slot: str | None
) -> None:
    """Expected values were observed at the reference server 0.16.0."""
    expected = {
        name: Variable(value, exported=True)
        for name, value in zip(_MEMORY, (total, per_slot), strict=True)
        if value is not None
    }
    assert job.observe(*_MEMORY, environ={**ENVIRONMENT, **given}) == expected


@pytest.mark.parametrize(
    ("limit", "megabytes"),
    [
        ("4294967296", "4096"),
        ("4194304K", "4096"),
        ("4194304k", "4000"),
        ("512M", "512"),
        ("512m", "488"),
        ("08g", "7629"),
        ("1000000G", "1024000000"),
        ("2048", None),
        ("INFINITY", None),
        ("NONE", None),
    ],
)
def test_grid_engines_memory_units_are_understood(
    job: ScriptedJob, limit: str, megabytes: str | None
) -> None:
    """queue_conf(5): K, M and G are powers of 1024, k, m and g of 1000, and a bare number is of bytes."""
    assert (
        job.value("GALAXY_MEMORY_MB_PER_SLOT", environ={**ENVIRONMENT, "SGE_HGR_h_vmem": limit}) == megabytes
    )


@pytest.mark.parametrize(
    ("limit", "own", "total"),
    [("4194304", {}, "4096"), ("unlimited", {}, None), ("4194304", {"GALAXY_MEMORY_MB": "100"}, "100")],
)
def test_a_grid_engine_that_does_not_tell_the_memory_has_set_it_as_a_limit(
    job: ScriptedJob, limit: str, own: dict[str, str], total: str | None
) -> None:
    """As seen with Debian's 8.1.9: h_vmem times slots, in the KiB of ``ulimit -v`` (bash(1))."""
    environ = {**ENVIRONMENT, "SGE_CELL": "default", **own}
    limited = (Execute(f"ulimit -v {limit}"),)
    assert job.value("GALAXY_MEMORY_MB", environ=environ, environment=limited) == total


def _slurm(directory: Path, answer: str) -> dict[str, str]:
    """Return the environment of a Slurm job whose ``scontrol`` gives *answer* and complains."""
    directory.mkdir()
    scontrol = directory / "scontrol"
    scontrol.write_text(
        f"#!/bin/bash\nprintf '%s' \"$*\" > '{directory}/asked'\n"
        f"printf '%s\\n' '{answer}'\necho late >&2\nexit 1\n",
        encoding="ascii",
    )
    scontrol.chmod(0o755)
    return {**ENVIRONMENT, "PATH": f"{directory}:{ENVIRONMENT['PATH']}", "SLURM_JOB_ID": "77"}


@pytest.mark.parametrize(
    ("answer", "megabytes"),
    [
        ("JobId=77 NumCPUs=4 MinMemoryNode=9G Nodes=n1 CPU_IDs=0-3 Mem=4096 GRES=", "4096"),
        ("Nodes=n1 Mem=4096 GRES=  Nodes=n2 Mem=2048 GRES=", "4096"),
        ("Nodes=n1 Mem=0 GRES=", "100"),
        ("slurm_load_jobs error: Invalid job id specified", "100"),
        ("", "100"),
    ],
)
def test_slurm_is_asked_for_the_memory_and_may_not_know(
    job: ScriptedJob, tmp_path: Path, answer: str, megabytes: str
) -> None:
    environ = {**_slurm(tmp_path / "slurm", answer), "GALAXY_MEMORY_MB": "100"}
    assert job.value("GALAXY_MEMORY_MB", environ=environ) == megabytes
    assert (tmp_path / "slurm" / "asked").read_text(encoding="ascii") == "-do show job 77"


def test_what_slurm_complains_about_is_kept_apart_from_the_jobs_own_streams(
    job: ScriptedJob, tmp_path: Path
) -> None:
    ended = job.run("true", _slurm(tmp_path / "slurm", ""))
    assert (ended.returncode, ended.stderr) == (0, "")
    log = job.directory / "metadata/memory_statement.log"
    assert log.read_text(encoding="ascii") == "late\n"


def test_a_missing_scontrol_does_not_stop_the_job(job: ScriptedJob) -> None:
    environ = {**ENVIRONMENT, "PATH": "/nonexistent", "SLURM_JOB_ID": "77"}
    ended = job.run("true", environ, environment=(Execute("set -e"),))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "scontrol" in (job.directory / "metadata/memory_statement.log").read_text(encoding="utf-8")
