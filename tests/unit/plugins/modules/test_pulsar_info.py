from __future__ import annotations

from pathlib import Path

import pytest

from plugins.modules.pulsar_info import releases_above


def deployment(root: Path) -> Path:
    """Lay out what the role leaves, with a release that is in use, an older one and an unfinished one."""
    for name in ("0.1.0-new", "0.1.0-old", "0.2.0-unfinished"):
        (root / "releases" / name).mkdir(parents=True)
    for name in ("0.1.0-new", "0.1.0-old"):
        (root / "releases" / name / "complete").touch()
    (root / "current").symlink_to(root / "releases" / "0.1.0-new")
    return root


@pytest.mark.parametrize("config", ["config", "instances/one/config"])
def test_the_releases_of_an_instance_are_those_of_its_deployment(tmp_path: Path, config: str) -> None:
    (deployment(tmp_path) / config).mkdir(parents=True)
    assert releases_above(f"{tmp_path}/{config}/endpoint.json") == {
        "releases": ["0.1.0-new", "0.1.0-old"],
        "current_release": "0.1.0-new",
    }


def test_a_descriptor_away_from_its_deployment_has_no_releases(tmp_path: Path) -> None:
    assert releases_above(f"{tmp_path}/endpoint.json") == {}
