"""What keeps jobs from running as their users on a machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pulsar_runtime.bootstrap.real_user import real_user_problems
from pulsar_runtime.config.schema import MANAGER_TYPES, ManagerConfig, QueuedCli, QueuedSlurm

#: Makes the settings of each type; one of them has to be told more.
every_type = pytest.mark.parametrize(
    "settings",
    [partial(cls, job_plugin="Slurm") if cls is QueuedCli else cls for cls in MANAGER_TYPES.values()],
    ids=list(MANAGER_TYPES),
)


@pytest.fixture
def sudo(tmp_path: Path) -> dict[str, str]:
    """Return an environment with sudo on the search path."""
    program(tmp_path / "sudo")
    return {"PATH": str(tmp_path)}


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@every_type
def test_everything_that_real_users_need_is_looked_for(
    tmp_path: Path, settings: Callable[..., ManagerConfig]
) -> None:
    staging = tmp_path / "staging"
    staging.mkdir(mode=0o700)
    config = settings(
        real_users=True,
        launcher=tmp_path / "launcher",
        user_mapping_script=tmp_path / "mapping",
        staging_directory=staging,
    )
    problems = list(real_user_problems(config, {"PATH": str(tmp_path / "nowhere")}))
    for words in (
        "type: sudo cannot be found on this machine; install sudo",
        f"launcher: {tmp_path}/launcher is not there, or is no program",
        f"user_mapping_script: {tmp_path}/mapping is not there, or is no program",
        f"staging_directory: users must be able to pass through {staging}: chmod o+x {staging}",
    ):
        assert words in problems


@every_type
def test_a_host_that_is_prepared_for_real_users_has_no_problem_of_its_own(
    tmp_path: Path, sudo: dict[str, str], settings: Callable[..., ManagerConfig]
) -> None:
    config = settings(
        real_users=True,
        launcher=program(tmp_path / "launcher"),
        user_mapping_script=program(tmp_path / "mapping"),
        staging_directory=Path("/srv/staging-that-is-not-made-yet"),
    )
    assert list(real_user_problems(config, sudo)) == []


def test_commands_on_another_host_run_as_one_user(sudo: dict[str, str], tmp_path: Path) -> None:
    config = QueuedSlurm(
        real_users=True,
        launcher=program(tmp_path / "launcher"),
        staging_directory=Path("/srv/staging-that-is-not-made-yet"),
        shell_plugin="SecureShell",
        shell_hostname="login",
    )
    assert list(real_user_problems(config, sudo)) == [
        "real_users: works with commands on this machine alone: remove the keys shell_*"
    ]
