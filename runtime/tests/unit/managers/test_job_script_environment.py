"""The environment that the job script prepares (protocol sections 4.5 and 8.3, steps 2 and 5 to 8)."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from pulsar_runtime.domain.environment import Assign, EnvironmentStatement, Execute, SourceFile
from runtime.tests.unit.managers.scripted_job import ENVIRONMENT, ScriptedJob, Variable


def _python(directory: Path) -> Path:
    directory.mkdir(parents=True)
    python = directory / "python"
    python.touch(mode=0o755)
    return python


def _virtual_environment(directory: Path) -> Path:
    binaries = _python(directory / "bin").parent
    (binaries / "activate").write_text(f'PATH="{binaries}:$PATH"\nactivated+=x\n', encoding="utf-8")
    return directory


# --- statements --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        (Assign("X", "plain text"), "plain text"),
        (Assign("X", ""), ""),
        (Assign("X", 'say "hi"'), 'say "hi"'),
        (Assign("X", "$HOME"), "/nowhere"),
        (Assign("X", "`echo 'a  b'`"), "a  b"),
        (Assign("X", r"\$HOME"), "$HOME"),
        (Assign("X", "a;b 'c' #d"), "a;b 'c' #d"),
        (Assign("X", '"$_GALAXY_JOB_HOME_DIR"/x', raw=True), "{job}/home/x"),
        (Assign("X", "$_GALAXY_JOB_TMP_DIR"), "{job}/tmp"),
        (Execute("export X=1 # comment"), "1"),
        (Execute("export X=1\\"), "1"),
        (Execute("export X=$(cat <<'END'\nlines of text\nEND\n)"), "lines of text"),
    ],
)
def test_a_statement_leaves_this_value(job: ScriptedJob, statement: EnvironmentStatement, value: str) -> None:
    expected = Variable(value.replace("{job}", str(job.directory)), exported=True)
    assert job.observe("X", environment=(statement,)) == {"X": expected}


@pytest.mark.parametrize(
    ("name", "raw"), [('a "file" $USER2.sh', False), ("/dev/null; . ../configs/raw.sh", True)]
)
def test_a_file_is_sourced(job: ScriptedJob, name: str, *, raw: bool) -> None:
    (job.directory / "configs" / 'a "file" me.sh').write_text("X=sourced\n", encoding="ascii")
    (job.directory / "configs" / "raw.sh").write_text("X=sourced\n", encoding="ascii")
    source = SourceFile(name if raw else f"../configs/{name}", raw)
    environment = (Assign("USER2", "me"), source)
    assert job.value("X", environment=environment) == "sourced"


def test_statements_run_in_their_order(job: ScriptedJob) -> None:
    environment = (Assign("X", "1"), Execute("X=${X}2"), Assign("X", "${X}3"))
    assert job.value("X", environment=environment) == "123"


def test_statements_see_new_directories_and_not_yet_the_galaxy_library(job: ScriptedJob) -> None:
    look = Execute('X="$(ls -A "$_GALAXY_JOB_TMP_DIR")|${PYTHONPATH-unset}|$_GALAXY_JOB_DIR"')
    fields = {"environment": (look,), "galaxy_home": "/galaxy", "preserve_galaxy_environment": True}
    assert job.value("X", **fields) == f"|unset|{job.directory}/working"


def test_shell_options_that_a_statement_sets_do_not_break_the_script(job: ScriptedJob) -> None:
    (job.directory / "working" / ".given").touch()
    options = (Execute("set -eufC; shopt -s nullglob"),)
    for start in ("first", "again"):
        ended = job.run(
            f'printf "%s" "$-" > ../options; [[ -e .given ]]; rm .given; : > {start}', environment=options
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert set("eufC") <= set((job.directory / "options").read_text(encoding="ascii"))
        (job.directory / "options").unlink()


# --- variables ---------------------------------------------------------------------------------------------


def test_variables_of_galaxy_hold_the_text_none_when_nothing_is_configured(job: ScriptedJob) -> None:
    names = ("GALAXY_VIRTUAL_ENV", "_GALAXY_VIRTUAL_ENV", "GALAXY_LIB", "PRESERVE_GALAXY_ENVIRONMENT")
    none = Variable("None", exported=False)
    assert job.observe(*names) == dict.fromkeys(names[:3], none) | {
        names[3]: Variable("False", exported=False)
    }


def test_variables_of_galaxy_hold_what_is_configured(job: ScriptedJob) -> None:
    names = ("GALAXY_VIRTUAL_ENV", "_GALAXY_VIRTUAL_ENV", "GALAXY_LIB", "PRESERVE_GALAXY_ENVIRONMENT")
    seen = job.observe(
        *names, galaxy_home="/my galaxy", galaxy_virtual_env="/my venv", preserve_galaxy_environment=True
    )
    assert [seen[name].value for name in names] == ["/my venv", "/my venv", "/my galaxy/lib", "True"]


def test_python_warnings_are_silenced_and_home_stays(job: ScriptedJob) -> None:
    assert job.observe("PYTHONWARNINGS", "HOME") == {
        "PYTHONWARNINGS": Variable("ignore", exported=True),
        "HOME": Variable("/nowhere", exported=True),
    }


def test_the_jobs_own_directories_are_exported(job: ScriptedJob) -> None:
    assert job.observe("_GALAXY_JOB_DIR", "_GALAXY_JOB_HOME_DIR", "_GALAXY_JOB_TMP_DIR") == {
        "_GALAXY_JOB_DIR": Variable(str(job.directory / "working"), exported=False),
        "_GALAXY_JOB_HOME_DIR": Variable(str(job.directory / "home"), exported=True),
        "_GALAXY_JOB_TMP_DIR": Variable(str(job.directory / "tmp"), exported=True),
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("{tmp}", "{tmp}", "{tmp}")),
        ({"TMP": "/a"}, ("/a", "/a", "/a")),
        ({"TEMP": "/b"}, ("/b", "/b", "/b")),
        ({"TMPDIR": "/c"}, ("/c", "/c", "/c")),
        ({"TMP": "/a", "TEMP": "/b"}, ("/a", "/b", "/a")),
        ({"TMP": "/a", "TMPDIR": "/c"}, ("/a", "/a", "/c")),
        ({"TEMP": "/b", "TMPDIR": "/c"}, ("/b", "/b", "/c")),
        ({"TMP": "/a", "TEMP": "/b", "TMPDIR": "/c"}, ("/a", "/b", "/c")),
        ({"TMPDIR": ""}, ("{tmp}", "{tmp}", "{tmp}")),
    ],
)
def test_temporary_directory_variables_complete_each_other(
    job: ScriptedJob, given: dict[str, str], expected: tuple[str, str, str]
) -> None:
    """Expected values were observed at the reference server 0.16.0."""
    names = ("TMP", "TEMP", "TMPDIR")
    tmp = str(job.directory / "tmp")
    assert job.observe(*names, environ={**ENVIRONMENT, **given}) == {
        name: Variable(value.replace("{tmp}", tmp), exported=name in given)
        for name, value in zip(names, expected, strict=True)
    }


def test_galaxy_python_is_the_first_python_on_the_path(job: ScriptedJob, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    first = _python(tmp_path / "first")
    _python(tmp_path / "second")
    path = f"{tmp_path}/empty:{tmp_path}/first:{tmp_path}/second"
    assert job.observe("GALAXY_PYTHON", environ={**ENVIRONMENT, "PATH": path}) == {
        "GALAXY_PYTHON": Variable(str(first), exported=False)
    }


def test_galaxy_python_is_empty_where_there_is_no_python(job: ScriptedJob) -> None:
    assert job.value("GALAXY_PYTHON", environ={**ENVIRONMENT, "PATH": "/nonexistent"}) == ""


@pytest.mark.parametrize(
    ("preserve", "inherited", "expected"),
    [(False, "/p", "/p"), (True, "/p", "/galaxy/lib:/p"), (True, "", "/galaxy/lib")],
)
def test_the_galaxy_library_leads_the_python_path_of_a_job_that_keeps_galaxys_environment(
    job: ScriptedJob, *, preserve: bool, inherited: str, expected: str
) -> None:
    environ = {**ENVIRONMENT, "PYTHONPATH": inherited}
    fields: dict[str, Any] = {"galaxy_home": "/galaxy", "preserve_galaxy_environment": preserve}
    assert job.observe("PYTHONPATH", environ=environ, **fields) == {
        "PYTHONPATH": Variable(expected, exported=True)
    }


def test_without_a_galaxy_library_the_python_path_stays(job: ScriptedJob) -> None:
    assert job.value("PYTHONPATH", preserve_galaxy_environment=True) is None


def test_the_command_can_set_the_environment_up_again_with_the_galaxy_library(job: ScriptedJob) -> None:
    """Galaxy's part of a command line does so before it collects metadata."""
    fields: dict[str, Any] = {"galaxy_home": "/galaxy", "environment": (Execute("X+=x"),)}
    seen = job.observe("PYTHONPATH", "X", before="_galaxy_setup_environment True", **fields)
    assert seen == {"PYTHONPATH": Variable("/galaxy/lib", exported=True), "X": Variable("xx", exported=False)}
    seen = job.observe("PYTHONPATH", "X", before="_galaxy_setup_environment False", **fields)
    assert seen == {"X": Variable("xx", exported=False)}


def test_galaxys_virtual_environment_is_activated_once(job: ScriptedJob, tmp_path: Path) -> None:
    venv = _virtual_environment(tmp_path / "my venv")
    seen = job.observe(
        "activated", "GALAXY_PYTHON", galaxy_virtual_env=str(venv), before="_galaxy_setup_environment False"
    )
    assert seen["activated"].value == "x"
    assert seen["GALAXY_PYTHON"].value == f"{venv}/bin/python"


def test_a_virtual_environment_that_is_already_active_is_left_alone(job: ScriptedJob, tmp_path: Path) -> None:
    venv = _virtual_environment(tmp_path / "venv")
    environ = {**ENVIRONMENT, "PATH": f"{venv}/bin:{ENVIRONMENT['PATH']}"}
    assert job.value("activated", environ=environ, galaxy_virtual_env=str(venv)) is None


def test_a_virtual_environment_that_is_not_there_is_ignored(job: ScriptedJob, tmp_path: Path) -> None:
    assert job.value("GALAXY_VIRTUAL_ENV", galaxy_virtual_env=f"{tmp_path}/no") == f"{tmp_path}/no"


# --- tmp and home ------------------------------------------------------------------------------------------


def _aside(job: ScriptedJob) -> list[Path]:
    return sorted(job.directory.glob("tmp.*"))


def test_an_empty_tmp_is_used_as_it_is(job: ScriptedJob) -> None:
    before = (job.directory / "tmp").stat().st_ino
    assert job.run("true").returncode == 0
    assert (job.directory / "tmp").stat().st_ino == before
    assert _aside(job) == []


def test_what_an_earlier_start_left_in_tmp_is_moved_aside(job: ScriptedJob) -> None:
    (job.directory / "tmp" / ".left").touch()
    assert job.run('ls -A "$_GALAXY_JOB_TMP_DIR"').stdout == ""
    (aside,) = _aside(job)
    assert re.fullmatch(r"tmp\.\d{8}-\d{6}", aside.name)
    assert [path.name for path in aside.iterdir()] == [".left"]


def test_directories_of_the_same_second_are_moved_aside_side_by_side(job: ScriptedJob) -> None:
    again = 'touch "$_GALAXY_JOB_TMP_DIR/left"; _galaxy_setup_environment False;'
    assert job.run(again * 3).returncode == 0
    assert [[path.name for path in aside.iterdir()] for aside in _aside(job)] == [["left"]] * 3
    assert list((job.directory / "tmp").iterdir()) == []


def test_missing_directories_are_made_as_closed_as_the_job_directory(job: ScriptedJob) -> None:
    job.directory.chmod(0o750)
    for name in ("tmp", "home"):
        (job.directory / name).rmdir()
    assert job.run("true").returncode == 0
    for name in ("tmp", "home"):
        assert stat.S_IMODE((job.directory / name).stat().st_mode) == 0o750


@pytest.mark.parametrize("expression", ['"$BASE/my tmp"', '"$(printf %s "$BASE/my tmp")"'])
def test_a_configured_tmp_is_a_shell_expression_and_is_made(
    job: ScriptedJob, tmp_path: Path, expression: str
) -> None:
    for name in ("tmp", "home"):
        (job.directory / name).rmdir()
    environ = {**ENVIRONMENT, "BASE": str(tmp_path / "scratch")}
    assert job.value("TMPDIR", environ=environ, tmp_dir=expression) == f"{tmp_path}/scratch/my tmp"
    assert (tmp_path / "scratch" / "my tmp").is_dir()
    assert not (job.directory / "tmp").exists()
    assert (job.directory / "home").is_dir()


def test_a_configured_tmp_that_is_in_use_is_left_as_it_is(job: ScriptedJob, tmp_path: Path) -> None:
    (tmp_path / "other job's file").touch()
    assert job.value("TMPDIR", tmp_dir=f"'{tmp_path}'") == str(tmp_path)
    assert (tmp_path / "other job's file").exists()


@pytest.mark.parametrize("option", ["-s", "-u"])
def test_what_an_environment_statement_says_about_globs_holds(job: ScriptedJob, option: str) -> None:
    """The script looks into directories, hidden files too, after the statements have run."""
    job.run("shopt -p dotglob > glob; true", environment=(Execute(f"shopt {option} dotglob"),))
    assert (job.directory / "working" / "glob").read_text() == f"shopt {option} dotglob\n"
