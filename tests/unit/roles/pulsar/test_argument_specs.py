from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROLE = Path(__file__).parents[4] / "roles" / "pulsar"


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROLE / name).read_text())
    return content


def test_defaults_and_argument_specs_say_the_same() -> None:
    """Every variable has a default and a specification, and the specification names that default."""
    specified = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in specified.items()} == load("defaults/main.yml")


def test_private_variables_cannot_be_taken_for_public_ones() -> None:
    assert [name for name in load("vars/main.yml") if not name.startswith("__pulsar_")] == []
