"""What `config check` says of managers that are to use Slurm's REST API."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.bootstrap.managers import check_managers
from pulsar_runtime.config.load import load
from pulsar_runtime.domain.errors import ConfigError

URL = "type: queued_slurm, slurmrestd_url: 'unix:/run/slurmrestd.sock'"


def problems(manager: str, tmp_path: Path) -> tuple[str, ...]:
    """Return what is wrong with a manager on a host that has no command at all, less its path."""
    path = tmp_path / "app.yml"
    path.write_text(f"persistence_directory: /srv/persisted\nmanagers: {{a: {{{manager}}}}}\n")
    try:
        check_managers(load(path, {}, {}).config, {"PATH": str(tmp_path / "nothing")})
    except ConfigError as error:
        return tuple(problem.removeprefix("managers.a.") for problem in error.problems)
    return ()


@pytest.mark.parametrize(
    "url", ["http://slurm:6820", "https://slurm.example.org", "https://h/api", "unix:/run/slurmrestd.sock"]
)
def test_no_command_of_slurms_is_needed(url: str, tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    options = "job_partition: main, job_time: '30', native_specification: '--mem 4G -A galaxy'"
    manager = f"type: queued_slurm, slurmrestd_url: '{url}', slurmrestd_user: galaxy, {options}"
    assert problems(f"{manager}, slurmrestd_token_file: '{tmp_path}/token'", tmp_path) == ()


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        (
            f"{URL}, slurmrestd_token_file: /nowhere/token",
            "slurmrestd_token_file: /nowhere/token is not there",
        ),
        (
            f"{URL}, native_specification: '--gres gpu:1'",
            "native_specification: unrecognized arguments: --gres",
        ),
        (f"{URL}, 'job_--mem': lots", "'lots' is no size such as 4G"),
        (f"{URL}, real_users: true", "real_users: cannot be with slurmrestd_url"),
        (
            f"{URL}, shell_plugin: SecureShell, shell_hostname: login",
            "shell_plugin: has no meaning with slurmrestd_url",
        ),
        (
            "type: queued_slurm, slurmrestd_token_file: /etc/token",
            "slurmrestd_token_file: has no meaning without slurmrestd_url",
        ),
        ("type: queued_slurm, slurmrestd_user: galaxy", "slurmrestd_user: has no meaning without"),
    ],
)
def test_a_mistake_is_named_with_its_key(manager: str, words: str, tmp_path: Path) -> None:
    assert any(words in problem for problem in problems(manager, tmp_path)), problems(manager, tmp_path)


@pytest.mark.parametrize(
    "url", ["slurm:6820", "ftp://slurm", "http://", "http://slurm:port", "unix:run/s", "unix://h/s", "/run/s"]
)
def test_what_is_no_url_is_refused_when_it_is_read(url: str, tmp_path: Path) -> None:
    (problem,) = problems(f"type: queued_slurm, slurmrestd_url: '{url}'", tmp_path)
    assert problem == "slurmrestd_url: must be like http://HOST:6820, https://HOST or unix:/PATH"
