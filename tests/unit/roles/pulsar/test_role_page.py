from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.describe_role import CHAPTERS, SPECIFICATION, page

DOCS = Path(__file__).parents[4] / "docs"


def test_the_page_of_the_variables_is_up_to_date() -> None:
    """Make it anew with `python tests/describe_role.py > docs/reference/role_pulsar.md`."""
    assert (DOCS / "reference" / "role_pulsar.md").read_text() == page()


def test_every_variable_has_a_place_on_the_page() -> None:
    options = yaml.safe_load(SPECIFICATION.read_text())["argument_specs"]["main"]["options"]
    assert options.keys() >= CHAPTERS.keys()
    assert [name for name in options if f"### `{name}`" not in page()] == []


def test_the_guide_names_only_variables_that_there_are() -> None:

    options = yaml.safe_load(SPECIFICATION.read_text())["argument_specs"]["main"]["options"]
    named = set(re.findall(r"\bpulsar_[a-z_]+", (DOCS / "guide" / "deploy.md").read_text()))
    assert named - options.keys() - {"pulsar_hosts", "pulsar_runtime", "pulsar_job", "pulsar_info"} == set()
