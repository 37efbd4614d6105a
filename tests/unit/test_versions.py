from __future__ import annotations

import importlib.metadata
from pathlib import Path

import yaml

import pulsar_runtime

ROOT = Path(__file__).parents[2]


def test_the_collection_and_the_runtime_have_one_version() -> None:
    """The collection carries the runtime, so they are released together."""
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == pulsar_runtime.__version__


def test_the_distribution_has_the_version_of_the_package() -> None:
    assert importlib.metadata.version("pulsar-runtime") == pulsar_runtime.__version__
