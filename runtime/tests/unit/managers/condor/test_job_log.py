"""The log that a job's directory has before HTCondor writes into it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pulsar_runtime.managers.condor.job_log import JobLog


@pytest.mark.parametrize("for_user", [False, True])
def test_another_user_may_write_the_log_of_its_own_job(tmp_path: Path, *, for_user: bool) -> None:
    path = tmp_path / "log"
    path.write_text("what an earlier start has left")
    JobLog(str(path)).make(for_user=for_user)
    assert path.read_text() == ""
    assert bool(path.stat().st_mode & stat.S_IWOTH) is for_user
