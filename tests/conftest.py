"""What unit and integration tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.galaxy_side.galaxy_judge import GalaxyJudge, judging

#: Galaxy's code is imported while the first question waits, which takes a busy machine a minute.
_GALAXY_SECONDS = 180


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that ask Galaxy's code more time."""
    for item in items:
        if isinstance(item, pytest.Function) and "galaxy_judge" in item.fixturenames:
            item.add_marker(pytest.mark.timeout(_GALAXY_SECONDS))


@pytest.fixture(scope="session")
def galaxy_judge() -> Iterator[GalaxyJudge]:
    """Galaxy's own code, which reads what the collection wrote."""
    with judging() as judge:
        yield judge
