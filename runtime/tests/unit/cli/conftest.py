"""Fixtures of the commands' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.tests.unit.cli.command import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """Return a configured server without a store."""
    instance = Instance(tmp_path)
    instance.configure()
    return instance
