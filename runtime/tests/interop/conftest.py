"""A server, and one Galaxy per published version of the client library."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from runtime.tests import live_server
from runtime.tests.interop.client_environment import VERSIONS, client_python
from runtime.tests.interop.galaxy_client import GalaxyClient
from runtime.tests.interop.galaxy_job import GalaxyJob, NewJob
from runtime.tests.live_server import LiveServer, running_server

JOB_IDS = itertools.count(1)

pytest_runtest_makereport = live_server.pytest_runtest_makereport


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave fixtures out of a test's time limit: the first may install the client libraries."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(60, func_only=True))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run one server for the whole suite."""
    directory = tmp_path_factory.mktemp("interop-server")
    managers = {
        "_default_": {"type": "queued_python", "num_concurrent_jobs": 4},
        "other": {"type": "queued_python", "staging_directory": str(directory / "staging-of-other")},
        "single": {"type": "queued_python", "num_concurrent_jobs": 1},
        "immediate": {"type": "unqueued"},
        "assigning": {"type": "queued_python", "assign_ids": "uuid"},
        "impatient": {"type": "queued_python", "preprocess_action_max_retries": -1},
    }
    settings = {"managers": managers, "file_cache_dir": str(directory / "cache")}
    with running_server(directory, settings) as server:
        yield server


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, GalaxyClient]]:
    """Provide each version of the client library, its process started at its first use."""
    logs = tmp_path_factory.mktemp("clients")
    made = {version: GalaxyClient(client_python(version), logs / version) for version in VERSIONS}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, clients: Mapping[str, GalaxyClient]) -> GalaxyClient:
    """Provide the client library, each version in turn."""
    version: str = request.param
    return clients[version]


@pytest.fixture
def new_job(client: GalaxyClient, server: LiveServer, tmp_path: Path) -> NewJob:
    """Make jobs of a Galaxy that knows the server."""

    def make(
        *,
        job_id: str | None = None,
        manager_options: Mapping[str, object] | None = None,
        client_rewrites: bool = False,
        **destination: object,
    ) -> GalaxyJob:
        number = str(next(JOB_IDS))
        return GalaxyJob(
            client=client,
            directory=tmp_path / number,
            destination={"url": server.url, "private_token": server.token, **destination},
            job_id=job_id or number,
            manager_options=manager_options or {},
            client_rewrites=client_rewrites,
        )

    return make
