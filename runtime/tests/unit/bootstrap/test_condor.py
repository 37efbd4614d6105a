"""What keeps HTCondor from being used on a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.bootstrap.condor import condor_problems
from pulsar_runtime.config.schema import QueuedCondor
from pulsar_runtime.managers.condor.queue import COMMANDS


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    for name in COMMANDS:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_a_submit_host_has_no_problem(commands: Path) -> None:
    config = QueuedCondor(submit_settings={"request_cpus": "2", "+Group": '"bio"'})
    assert list(condor_problems(config, {"PATH": str(commands)})) == []


def test_missing_commands_name_their_package(commands: Path) -> None:
    (commands / "condor_rm").unlink()
    (problem,) = condor_problems(QueuedCondor(), {"PATH": str(commands)})
    assert problem.startswith("type: condor_rm cannot be found")
    assert "install htcondor (Debian, Ubuntu) or condor (EL)" in problem


def test_a_setting_that_is_none_of_the_sites_is_named(commands: Path) -> None:
    config = QueuedCondor(submit_settings={"Executable": "/bin/sh", "rank": "Memory"})
    (problem,) = condor_problems(config, {"PATH": str(commands)})
    assert problem.startswith("submit_Executable: ")
