"""From a submission to the files that a manager starts."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.domain.environment import Assign
from pulsar_runtime.domain.errors import DiskFull, SubmitRejected
from pulsar_runtime.domain.ids import ExternalId, JobId, ManagerName
from pulsar_runtime.domain.job import Job, SetupRequest, Submission
from pulsar_runtime.managers.preparation import ScriptPreparer

A_SUBMISSION = Submission(command_line='echo "$A $B" > seen')


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("working", "outputs", "configs", "metadata"):
        (tmp_path / name).mkdir()
    return Job(key=7, manager=ManagerName("main"), job_id=JobId("101"), directory=str(tmp_path), attempt=2)


def run(job: Job) -> subprocess.CompletedProcess[str]:
    spec = ScriptPreparer().spec(job, A_SUBMISSION)
    return subprocess.run(
        ["/bin/bash", spec.script],
        cwd=spec.working_directory,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def test_a_launch_is_named_after_job_and_attempt(job: Job, tmp_path: Path) -> None:
    spec = ScriptPreparer().spec(attrs.evolve(job, external_id=ExternalId("7-1")), A_SUBMISSION)
    assert (spec.launch_id, spec.external_id) == ("7-2", "7-1")
    assert spec.working_directory == f"{tmp_path}/working"
    assert (spec.stdout, spec.stderr) == (
        f"{tmp_path}/metadata/job_stdout",
        f"{tmp_path}/metadata/job_stderr",
    )


def test_the_managers_statements_run_after_the_jobs_own(job: Job, tmp_path: Path) -> None:
    submission = attrs.evolve(A_SUBMISSION, environment=(Assign("A", "job"), Assign("B", "job")))
    ScriptPreparer(environment=(Assign("B", "$A and manager"),)).prepare(job, submission)
    ended = run(job)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "working" / "seen").read_text() == "job job and manager\n"


@pytest.mark.parametrize("preserve", [None, False, True])
def test_galaxys_python_environment_is_preserved_if_setup_asks_for_it(
    job: Job,
    tmp_path: Path,
    preserve: bool | None,  # noqa: FBT001 - a parameter of pytest
) -> None:
    setup = None
    if preserve is not None:
        setup = SetupRequest(job_id=job.job_id, preserve_galaxy_environment=preserve)
    submission = Submission(command_line='echo "$PRESERVE_GALAXY_ENVIRONMENT" > seen', setup=setup)
    ScriptPreparer().prepare(job, submission)
    run(job)
    assert (tmp_path / "working" / "seen").read_text() == f"{preserve is True}\n"


def test_the_script_is_the_servers_alone(job: Job, tmp_path: Path) -> None:
    ScriptPreparer().prepare(job, A_SUBMISSION)
    assert stat.S_IMODE((tmp_path / "command.sh").stat().st_mode) == 0o700


def test_the_jobs_own_directories_are_there(job: Job, tmp_path: Path) -> None:
    for _ in range(2):
        ScriptPreparer().prepare(job, A_SUBMISSION)
        assert all((tmp_path / name).is_dir() for name in ("home", "tmp"))


def test_another_preparation_replaces_the_script(job: Job, tmp_path: Path) -> None:
    """A start before may have left a link in its place."""
    outside = tmp_path / "outside"
    outside.write_text("precious")
    (tmp_path / "command.sh").symlink_to(outside)
    ScriptPreparer().prepare(job, A_SUBMISSION)
    assert outside.read_text() == "precious"
    assert run(job).returncode == 0


def test_text_of_any_kind_reaches_the_script(job: Job, tmp_path: Path) -> None:
    ScriptPreparer().prepare(job, Submission(command_line="printf '%s' 'na\u00efve \u2603 \udcff' > seen"))
    run(job)
    assert (tmp_path / "working" / "seen").read_bytes() == "na\u00efve \u2603 ".encode() + b"\xff"


def test_a_directory_that_is_gone_rejects_the_job(job: Job) -> None:
    gone = attrs.evolve(job, directory=f"{job.directory}/gone")
    with pytest.raises(SubmitRejected, match="job script cannot be written"):
        ScriptPreparer().prepare(gone, A_SUBMISSION)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_matter_of_time(job: Job, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number), "command.sh")

    monkeypatch.setattr(os, "mkdir", full)
    with pytest.raises(DiskFull):
        ScriptPreparer().prepare(job, A_SUBMISSION)


def test_the_reason_of_a_failure_is_left_for_people(job: Job, tmp_path: Path) -> None:
    preparer = ScriptPreparer()
    preparer.explain(job, "first")
    preparer.explain(job, "why")
    assert (tmp_path / "stderr").read_text() == "why\n"


def test_a_reason_that_cannot_be_left_does_not_matter(job: Job) -> None:
    ScriptPreparer().explain(attrs.evolve(job, directory=f"{job.directory}/gone"), "why")
