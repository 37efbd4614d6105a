"""Every role's variables: public ones are specified, private ones are told from them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[3] / "roles").iterdir() if path.is_dir())
pytestmark = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def private(role: Path) -> list[str]:
    """Return the names of the variables that the role keeps to itself."""
    return [name for file in (role / "vars").rglob("*.yml") for name in load(file)]


def test_defaults_and_argument_specs_say_the_same(role: Path) -> None:
    """Every variable has a default and a specification, and the specification names that default."""
    specified = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in specified.items()} == load(
        role / "defaults" / "main.yml"
    )
    assert [name for name in specified if not name.startswith(f"{role.name}_")] == []


def test_private_variables_cannot_be_taken_for_public_ones(role: Path) -> None:
    names = private(role)
    assert names
    assert [name for name in names if not name.startswith(f"__{role.name}")] == []


def test_every_private_variable_is_used(role: Path) -> None:
    texts = [path.read_text() for path in role.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    everything = "\n".join(texts)
    assert [name for name in private(role) if len(re.findall(rf"\b{name}\b", everything)) == 1] == []
