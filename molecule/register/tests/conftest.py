"""Galaxy's configurations, and its host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

from test_hosts.galaxy_configuration import FILES, GalaxyConfiguration
from tests.galaxy_side.galaxy_judge import GalaxyJudge, judging


@pytest.fixture(scope="session")
def galaxy_host(containers: Mapping[str, str]) -> Host:
    """The host of Galaxy."""
    return testinfra.get_host(f"podman://{containers['galaxy']}")


@pytest.fixture(scope="session")
def judge() -> Iterator[GalaxyJudge]:
    """Galaxy's own code."""
    with judging() as judge:
        yield judge


@pytest.fixture(scope="session")
def configurations(
    containers: Mapping[str, str], judge: GalaxyJudge, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, GalaxyConfiguration]:
    """Galaxy's configuration in each shape."""
    return {
        shape: GalaxyConfiguration(
            shape=shape,
            container=containers["galaxy"],
            judge=judge,
            directory=tmp_path_factory.mktemp(shape),
        )
        for shape in FILES
    }


@pytest.fixture(params=list(FILES))
def configuration(
    request: pytest.FixtureRequest, configurations: Mapping[str, GalaxyConfiguration]
) -> GalaxyConfiguration:
    """Each of them."""
    return configurations[request.param]


@pytest.fixture(scope="session")
def originals() -> Mapping[str, bytes]:
    """What was in each file before anything was registered."""
    folder = Path(__file__).parents[1] / "files"
    return {shape: (folder / shape).read_bytes() for shape in FILES}
