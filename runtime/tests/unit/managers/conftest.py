"""Fixtures of the managers' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.tests.unit.managers.scripted_job import ScriptedJob


@pytest.fixture
def job(tmp_path: Path) -> ScriptedJob:
    """Return a new job in a directory whose name would harm a careless script."""
    return ScriptedJob.create(tmp_path / "a 'job'; $(exit 1)")
