"""What `config check` says of managers that need a batch system's commands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pulsar_runtime.bootstrap.managers import check_managers
from pulsar_runtime.config.load import load
from pulsar_runtime.domain.errors import ConfigError

COMMANDS = ("sbatch", "squeue", "scancel", "qsub", "qstat", "qdel", "bsub", "bjobs", "bkill", "ssh")


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """Return the environment of a host that has every command."""
    for name in COMMANDS:
        program = tmp_path / name
        program.touch(mode=0o755)
    return {"PATH": str(tmp_path)}


def problems(manager: str, environ: Mapping[str, str], tmp_path: Path) -> tuple[str, ...]:
    """Return what is wrong with a manager, less its path."""
    path = tmp_path / "app.yml"
    path.write_text(f"persistence_directory: /srv/persisted\nmanagers: {{a: {{{manager}}}}}\n")
    try:
        check_managers(load(path, {}, {}).config, environ)
    except ConfigError as error:
        return tuple(problem.removeprefix("managers.a.") for problem in error.problems)
    return ()


@pytest.mark.parametrize(
    "manager",
    [
        "type: queued_slurm",
        "type: queued_slurm, job_partition: main, 'job_--qos': low, native_specification: '-c 2'",
        "type: queued_cli, job_plugin: Torque, job_Resource_List: 'nodes=1', job_destination: batch",
        "type: queued_cli, job_plugin: OpenPBS, job_destination: workq",
        "type: queued_cli, job_plugin: SlurmTorque",
        "type: queued_cli, job_plugin: LSF, job_queue: normal, job_cores: 4",
        "type: queued_cli, job_plugin: GridEngine, job_queue: all.q",
        "type: queued_slurm, shell_plugin: SecureShell, shell_hostname: login, shell_username: galaxy",
        "type: queued_slurm, job_name_template: 'galaxy_$job_id', job_directory_mode: '0755'",
    ],
)
def test_a_manager_that_can_be_used_is_accepted(
    manager: str, environ: Mapping[str, str], tmp_path: Path
) -> None:
    assert problems(manager, environ, tmp_path) == ()


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        (
            "type: queued_cli, job_plugin: Slrum",
            "job_plugin: there is no batch system 'Slrum'; did you mean 'Slurm'?",
        ),
        (
            "type: queued_slurm, job_partitoin: main",
            "job_partitoin: unknown key for Slurm; did you mean 'job_partition'?",
        ),
        (
            "type: queued_slurm, job_zzz: 1",
            "job_zzz: unknown key for Slurm; known: job_ncpus, job_partition, job_time",
        ),
        (
            "type: queued_slurm, shell_plugin: SecureShell",
            "shell_hostname: is missing; SecureShell needs a host",
        ),
        (
            "type: queued_slurm, shell_hostname: login",
            "shell_hostname: has no meaning without shell_plugin: SecureShell",
        ),
        (
            "type: queued_slurm, shell_strict_host_key_checking: false",
            "shell_strict_host_key_checking: must stay true; name the host's key in shell_known_hosts",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key(
    manager: str, expected: str, environ: Mapping[str, str], tmp_path: Path
) -> None:
    assert problems(manager, environ, tmp_path) == (expected,)


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        (
            "type: queued_slurm",
            "sbatch, squeue, scancel cannot be found on this machine; install slurm-client",
        ),
        ("type: queued_cli, job_plugin: GridEngine", "install gridengine-client"),
        ("type: queued_slurm, shell_plugin: SecureShell, shell_hostname: h", "install openssh-client"),
    ],
)
def test_a_missing_command_names_the_package(manager: str, words: str, tmp_path: Path) -> None:
    (problem,) = problems(manager, {"PATH": str(tmp_path / "nothing")}, tmp_path)
    assert words in problem


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        ("type: queued_cli", "managers.a.job_plugin: is missing"),
        ('type: queued_slurm, native_specification: "-c \'open"', "cannot be read as options"),
        ("type: queued_slurm, job_name_template: 'x_$user'", "may hold $job_id and no other variable"),
        ("type: queued_slurm, shell_plugin: RemoteShell", "must be LocalShell or SecureShell"),
        ("type: queued_slurm, min_poling_interval: 3", "did you mean 'min_polling_interval'?"),
        ("type: queued_slurm, job_partition: [a]", "managers.a.job_partition: must be text of one line"),
    ],
)
def test_what_no_batch_system_could_use_is_refused_when_it_is_read(
    manager: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "app.yml"
    path.write_text(f"managers: {{a: {{{manager}}}}}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, {}, {})
    (problem,) = caught.value.problems
    assert words in problem
