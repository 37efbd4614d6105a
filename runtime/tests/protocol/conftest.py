"""A live server for the recorded requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.tests import live_server
from runtime.tests.live_server import LiveServer, running_server

pytest_runtest_makereport = live_server.pytest_runtest_makereport


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run a server that no other module's recordings have spoken to: they use the same job ids."""
    with running_server(tmp_path_factory.mktemp("golden-server")) as server:
        yield server
