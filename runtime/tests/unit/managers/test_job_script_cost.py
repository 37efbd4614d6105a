"""What the job script may cost, and how sound its text is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pulsar_runtime.managers
from pulsar_runtime.domain.environment import Assign, Execute, SourceFile
from runtime.tests.unit.managers.scripted_job import ENVIRONMENT, ScriptedJob

#: Print /proc/PID/stat of the script when it ends, without a process more.
_AT_THE_END = """trap 'mapfile -t stat < "/proc/$$/stat"; printf "%s" "${stat[0]}"' EXIT"""


def _faults_of_children(stat: str) -> int:
    """Return field 11 (proc_pid_stat(5)): page faults of ended children; none lives without one.

    The second field, a name in brackets, may hold spaces.
    """
    return int(stat.rpartition(") ")[2].split()[11 - 3])


def test_a_first_start_needs_no_program_but_the_shell(job: ScriptedJob) -> None:
    ended = job.run("true", {**ENVIRONMENT, "PATH": "/nonexistent"}, environment=(Assign("A", "b"),))
    assert (ended.returncode, ended.stderr, job.return_code) == (0, "", "0\n")


def test_a_first_start_forks_not_once(job: ScriptedJob) -> None:
    ended = job.run(_AT_THE_END, environment=(Assign("A", "b"),))
    assert _faults_of_children(ended.stdout) == 0


def test_the_measure_of_forks_notices_one(job: ScriptedJob) -> None:
    """Without this, the test above could pass by reading a wrong field."""
    assert _faults_of_children(job.run(f"{_AT_THE_END}; (true)").stdout) > 0


def test_a_checker_of_shell_scripts_has_nothing_to_say(tmp_path: Path) -> None:
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{ENVIRONMENT['PATH']}")
    assert shellcheck is not None, "shellcheck is missing: install requirements/lint.txt"
    script = ScriptedJob.create(tmp_path / "job").write(
        "true",
        environment=(Assign("A", "b"), Execute(":"), SourceFile("/dev/null")),
        galaxy_virtual_env="/venv",
        headers=("#SBATCH -n 1",),
        dependency_commands=("true",),
    )
    checked = subprocess.run(
        [shellcheck, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_template_is_not_a_program() -> None:
    template = Path(pulsar_runtime.managers.__file__).with_name("job_script.template")
    assert not template.read_text(encoding="utf-8").startswith("#!")
    assert template.stat().st_mode & 0o111 == 0
