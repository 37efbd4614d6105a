"""The source of the runtime, as text and as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pulsar_runtime

ROOT = Path(pulsar_runtime.__file__).parent


@cache
def modules() -> dict[str, str]:
    """Return the text of every module, by its path relative to the package."""
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))
    }


@cache
def trees() -> dict[str, ast.Module]:
    """Return the syntax tree of every module."""
    return {name: ast.parse(text) for name, text in modules().items()}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Yield every node of every tree, with its module."""
    for name, tree in trees().items():
        for node in ast.walk(tree):
            yield name, node


def package_of(module: str) -> str:
    """Return the package right below the root that a module belongs to, or its own name."""
    return module.partition("/")[0]
