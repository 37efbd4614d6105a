"""One server for all that a client may say wrong, and a client for each of its managers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from runtime.tests import live_server
from runtime.tests.bad_input.api import Api
from runtime.tests.bad_input.quiet_log import assert_no_internal_error
from runtime.tests.bad_input.tokens import EXPIRED_TOKEN, OTHERS_TOKEN
from runtime.tests.live_server import LiveServer, running_server

pytest_runtest_makereport = live_server.pytest_runtest_makereport


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run one server for the whole suite; whatever it is told, it never has an internal error."""
    directory = tmp_path_factory.mktemp("bad-input-server")
    settings = {
        "managers": {
            "_default_": {"type": "queued_python", "num_concurrent_jobs": 4},
            "other": {"type": "unqueued"},
            "single": {"type": "queued_python", "num_concurrent_jobs": 1},
        },
        "tokens": [
            {"name": "others", "sha256": _sha256(OTHERS_TOKEN), "managers": ["other"]},
            {"name": "former", "sha256": _sha256(EXPIRED_TOKEN), "expires": "2001-01-31T00:00:00Z"},
        ],
        "file_cache_dir": str(directory / "cache"),
    }
    with running_server(directory, settings) as server:
        yield server
        assert_no_internal_error(server)


@pytest.fixture
def api(server: LiveServer) -> Api:
    """Talk to the default manager."""
    return Api(server=server)


@pytest.fixture
def single(server: LiveServer) -> Api:
    """Talk to the manager that runs one job at a time."""
    return Api(server=server, manager="single")


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
