from __future__ import annotations

import re
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
    names = [name for file in (ROLE / "vars" / "main").iterdir() for name in load(f"vars/main/{file.name}")]
    assert names
    assert [name for name in names if not name.startswith("__pulsar_")] == []


def test_every_private_variable_is_used() -> None:
    texts = [path.read_text() for path in ROLE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    everything = "\n".join(texts)
    names = [name for file in (ROLE / "vars" / "main").iterdir() for name in load(f"vars/main/{file.name}")]
    assert [name for name in names if len(re.findall(rf"\b{name}\b", everything)) == 1] == []
