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
    # One recorded job names a machine that nobody can reach: it need not be tried for minutes.
    settings = {"preprocess_action_max_retries": -1}
    with running_server(tmp_path_factory.mktemp("golden-server"), settings) as server:
        yield server
