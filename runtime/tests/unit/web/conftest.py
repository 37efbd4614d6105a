"""Fixtures of the web's tests."""

from __future__ import annotations

import pytest

from runtime.tests.unit.web.steps import WAYS
from runtime.tests.unit.web.web_world import WebWorld


@pytest.fixture(params=WAYS)
def web(request: pytest.FixtureRequest) -> WebWorld:
    """Return an application entered by each of its ways, and the world behind it."""
    return WebWorld(request.param)


@pytest.fixture(params=WAYS, scope="module")
def shared(request: pytest.FixtureRequest) -> WebWorld:
    """Return an application for requests that change nothing: building one takes long."""
    return WebWorld(request.param)
