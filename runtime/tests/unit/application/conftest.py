"""Fixtures of the use cases' tests."""

from __future__ import annotations

import pytest

from runtime.tests.unit.application.served import Served
from runtime.tests.unit.application.supervision import Supervision


@pytest.fixture
def world() -> Supervision:
    """Return a world whose agent has just started and found nothing to do."""
    world = Supervision()
    world.start()
    return world


@pytest.fixture
def served() -> Served:
    """Return a service whose agent is there and has nothing to do."""
    return Served()
