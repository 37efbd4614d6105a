"""Fixtures of the resilience tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime.tests import live_server
from runtime.tests.live_server import LiveServer, running_server
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.workload import Workload

pytest_runtest_makereport = live_server.pytest_runtest_makereport


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """Run a server for one test."""
    managers = {
        "_default_": {"type": "queued_python", "num_concurrent_jobs": 20},
        "unqueued": {"type": "unqueued"},
    }
    with running_server(tmp_path / "server", {"managers": managers}) as server:
        yield server


@pytest.fixture
def workload(server: LiveServer) -> Workload:
    """Provide jobs for the server."""
    return Workload(server)


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[tuple[Gate, Gate]]:
    """Provide two gates; when the test ends their jobs are ended with the server."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(Gate(tmp_path / "first-gate")),
            stack.enter_context(Gate(tmp_path / "second-gate")),
        )
