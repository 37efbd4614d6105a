"""Fixtures of the use cases' tests."""

from __future__ import annotations

import pytest

from runtime.tests.unit.application.supervision import Supervision


@pytest.fixture
def world() -> Supervision:
    """Return a world whose agent has just started and found nothing to do."""
    world = Supervision()
    world.start()
    return world
