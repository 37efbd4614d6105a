"""What the job script does for the command it runs (protocol section 8.3)."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from pulsar_runtime.managers.job_script import JobScript, render
from runtime.tests.unit.managers.scripted_job import ENVIRONMENT, ScriptedJob


@pytest.mark.parametrize(
    ("command_line", "status"),
    [
        ("true", 0),
        ("(exit 3)", 3),
        ("bash -c 'kill -KILL $$'", 137),
        ("(exit 4) # a comment", 4),
        ("bash -c 'exit 5'\\", 5),
        ("cat <<'END' > /dev/null\nexit 1\nEND\n(exit 6)", 6),
        ("if true; then\n  (exit 7)\nfi", 7),
        ("cd /; set -u; IFS=0; exec >&- 2>&-; (exit 8)", 8),
        ("set -C; : > ../return_code; (exit 9)", 9),
        ("", 0),
        ("no-such-program-anywhere", 127),
    ],
)
def test_the_commands_status_is_written_and_is_the_scripts_own(
    job: ScriptedJob, command_line: str, status: int
) -> None:
    assert job.run(command_line).returncode == status
    assert job.return_code == f"{status}\n"


def test_a_command_that_exits_by_itself_ends_the_script_with_its_status(job: ScriptedJob) -> None:
    assert job.run("exit 5").returncode == 5


def test_an_exit_trap_of_the_command_runs_and_the_status_is_still_written(job: ScriptedJob) -> None:
    """Galaxy ends a container so."""
    ended = job.run("trap 'echo trapped' EXIT; (exit 3)")
    assert (ended.returncode, ended.stdout, job.return_code) == (3, "trapped\n", "3\n")


def test_the_command_line_that_galaxy_sends_leaves_what_galaxy_looks_for(job: ScriptedJob) -> None:
    """The shape that a Galaxy was recorded to send (protocol section 3.5)."""
    tool = job.directory / "tool_script.sh"
    tool.write_text("echo to stdout; echo to stderr >&2; exit 3\n", encoding="ascii")
    ec = job.directory / "galaxy_1.ec"
    ended = job.run(
        f"/bin/bash {shlex.quote(str(tool))} > '../metadata/tool_stdout' 2> '../metadata/tool_stderr'; "
        f'return_code=$?; echo $return_code > {shlex.quote(str(ec))}; sh -c "exit $return_code"'
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "")
    assert ec.read_text(encoding="ascii") == "3\n"
    assert (job.directory / "metadata/tool_stdout").read_text(encoding="ascii") == "to stdout\n"
    assert (job.directory / "metadata/tool_stderr").read_text(encoding="ascii") == "to stderr\n"


def test_the_command_runs_in_the_working_directory(job: ScriptedJob) -> None:
    assert job.value("PWD") == str(job.directory / "working")


@pytest.mark.parametrize(
    "name",
    [
        "it's",
        'a "b"',
        "a;exit 9",
        "$(exit 9)",
        "`exit 9`",
        "a\\",
        "-n",
        "*",
        "~",
        "é ü",
        "#1",
        "@{x}",
        "${x}",
    ],
)
def test_any_name_of_a_job_directory_is_only_a_name(tmp_path: Path, name: str) -> None:
    job = ScriptedJob.create(tmp_path / name)
    (job.directory / "working" / "given").touch()
    for _start in ("first", "again"):
        ended = job.run("[[ -e given ]]; (exit $(( $? + 3 )))")
        assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "")
    assert job.return_code == "3\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_command_without_a_working_directory_is_not_started(job: ScriptedJob) -> None:
    (job.directory / "working").rmdir()
    ended = job.run("touch ../ran")
    assert (ended.returncode, job.return_code) == (1, "1\n")
    assert f"cannot enter {job.directory}/working; the command was not started" in ended.stderr
    assert not (job.directory / "ran").exists()


def test_scheduler_headers_stand_right_after_the_shebang() -> None:
    text = render(
        JobScript(job_directory="/j", command_line="true", headers=("#SBATCH -n 1", "#SBATCH -J x"))
    )
    assert text.startswith("#!/bin/bash\n#SBATCH -n 1\n#SBATCH -J x\n")


def test_dependency_commands_run_first_and_in_the_commands_own_shell(job: ScriptedJob) -> None:
    dependencies = ("activated=one # of two", "activated+=' two'")
    ended = job.run('echo "$activated"; (exit 3)', dependency_commands=dependencies)
    assert (ended.stdout, ended.returncode) == ("one two\n", 3)


def test_a_script_that_is_only_checked_for_integrity_does_nothing(job: ScriptedJob) -> None:
    ended = job.run("touch ran", {**ENVIRONMENT, "ABC_TEST_JOB_SCRIPT_INTEGRITY_XYZ": "1"})
    assert ended.returncode == 42
    assert not list((job.directory / "working").iterdir())
    assert job.return_code is None


def test_core_metrics_surround_the_command(job: ScriptedJob) -> None:
    """Names and contents: protocol section 9.2."""
    metadata = job.directory / "metadata"
    environ = {**ENVIRONMENT, "GALAXY_SLOTS": "4", "GALAXY_MEMORY_MB": "4096"}
    job.run("ls ../metadata; printf '%(%s)T' -1 > ../command_epoch", environ)
    metrics = {path.name: path.read_text(encoding="ascii") for path in metadata.iterdir()}
    command_epoch = int((job.directory / "command_epoch").read_text(encoding="ascii"))
    assert metrics.pop("__instrument_core_galaxy_slots") == "4\n"
    assert metrics.pop("__instrument_core_galaxy_memory_mb") == "4096\n"
    start, end = metrics.pop("__instrument_core_epoch_start"), metrics.pop("__instrument_core_epoch_end")
    assert start.endswith("\n")
    assert end.endswith("\n")
    assert command_epoch - 5 <= int(start) <= command_epoch <= int(end) <= command_epoch + 5
    assert not metrics


def test_only_the_end_is_measured_after_the_command(job: ScriptedJob) -> None:
    seen = job.run("ls ../metadata").stdout.split()
    assert seen == [
        "__instrument_core_epoch_start",
        "__instrument_core_galaxy_memory_mb",
        "__instrument_core_galaxy_slots",
    ]


def test_unknown_memory_is_measured_as_an_empty_line(job: ScriptedJob) -> None:
    job.run("true")
    metric = job.directory / "metadata/__instrument_core_galaxy_memory_mb"
    assert metric.read_text(encoding="ascii") == "\n"
