"""What keeps a DRMAA library from being used on a machine, and jobs from running as their users."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.bootstrap.drmaa import drmaa_problems
from pulsar_runtime.config.schema import QueuedDrmaa, QueuedExternalDrmaa
from pulsar_runtime.managers.drmaa import library


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a library that is there."""
    path = tmp_path / "libdrmaa.so"
    path.touch()
    return path


@pytest.fixture
def sudo(tmp_path: Path) -> dict[str, str]:
    """Return an environment with sudo on the search path."""
    program(tmp_path / "sudo")
    return {"PATH": str(tmp_path)}


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_library_that_is_named_and_there_is_no_problem(installed: Path) -> None:
    assert list(drmaa_problems(QueuedDrmaa(drmaa_library_path=installed), {})) == []
    assert list(drmaa_problems(QueuedDrmaa(), {"DRMAA_LIBRARY_PATH": str(installed)})) == []


def test_a_library_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "libdrmaa.so"
    (problem,) = drmaa_problems(QueuedDrmaa(drmaa_library_path=missing), {})
    assert problem == f"drmaa_library_path: {missing} is not there"


def test_a_machine_without_a_library_is_told_which_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    monkeypatch.setattr(library, "_PLACES", ())
    (problem,) = drmaa_problems(QueuedDrmaa(), {})
    assert problem.startswith("type: there is no DRMAA library")
    assert "gridengine-drmaa1.0 (Debian, Ubuntu)" in problem
    assert "drmaa_library_path" in problem


def test_everything_that_real_users_need_is_looked_for(tmp_path: Path, installed: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir(mode=0o700)
    config = QueuedExternalDrmaa(
        drmaa_library_path=installed,
        launcher=tmp_path / "launcher",
        user_mapping_script=tmp_path / "mapping",
        staging_directory=staging,
    )
    problems = list(drmaa_problems(config, {"PATH": str(tmp_path / "nowhere")}))
    for words in (
        "type: sudo cannot be found on this machine; install sudo",
        f"launcher: {tmp_path}/launcher is not there, or is no program",
        f"user_mapping_script: {tmp_path}/mapping is not there, or is no program",
        f"staging_directory: users must be able to pass through {staging}: chmod o+x {staging}",
    ):
        assert words in problems


def test_a_host_that_is_prepared_for_real_users_has_no_problem_of_its_own(
    tmp_path: Path, installed: Path, sudo: dict[str, str]
) -> None:
    config = QueuedExternalDrmaa(
        drmaa_library_path=installed,
        launcher=program(tmp_path / "launcher"),
        user_mapping_script=program(tmp_path / "mapping"),
        staging_directory=Path("/srv/staging-that-is-not-made-yet"),
    )
    assert list(drmaa_problems(config, sudo)) == []
