"""A broker for all of these tests; each has queues of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.tests import live_server
from runtime.tests.broker import Broker, running_broker
from runtime.tests.integration.site import Site

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
