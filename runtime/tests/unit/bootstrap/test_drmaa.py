"""What keeps a DRMAA library from being used on a machine."""

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


def test_a_type_that_is_for_real_users_has_them_always(installed: Path) -> None:
    config = QueuedExternalDrmaa(drmaa_library_path=installed, real_users=False)
    (problem,) = drmaa_problems(config, {})
    assert problem.startswith("real_users: must stay true")
