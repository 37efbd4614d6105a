"""A broker for all of these tests, where each has queues of its own, and a cluster for each module."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.tests import live_server
from runtime.tests.broker import Broker, running_broker
from runtime.tests.integration.site import Site
from runtime.tests.live_server import LiveServer
from runtime.tests.resilience.patient_client import PatientClient, patient_client
from runtime.tests.slurm_cluster import SlurmCluster, running_cluster

#: Queues are named after managers, so no two tests have a manager of the same name.
NUMBERS = itertools.count(1)


pytest_runtest_makereport = live_server.pytest_runtest_makereport


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave fixtures out of a test's time limit: the first starts the broker."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(60, func_only=True))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Run one broker for the whole suite."""
    with running_broker(tmp_path_factory.mktemp("broker") / "node") as broker:
        yield broker


@pytest.fixture
def site(broker: Broker, tmp_path: Path) -> Iterator[Site]:
    """Describe a site whose agent does not run yet."""
    site = Site(broker, tmp_path / "site", f"m{next(NUMBERS)}")
    yield site
    site.server.end_everything()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """Run a controller and a node of Slurm on this machine."""
    with running_cluster(tmp_path_factory.mktemp("slurm") / "cluster") as cluster:
        yield cluster


@pytest.fixture
def client(server: LiveServer) -> Iterator[PatientClient]:
    """Drive the server that a module has."""
    with patient_client(server) as client:
        yield client
