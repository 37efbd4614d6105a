"""Imports point down, and what is only for tests is only for tests."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

from runtime.tests.architecture.source import ROOT, nodes, package_of

PROJECT = Path(__file__).parents[2]


def test_every_contract_of_the_layers_is_kept() -> None:
    """They stand in pyproject.toml; `make lint` says the same."""
    ended = subprocess.run(
        [Path(sysconfig.get_path("scripts"), "lint-imports"), "--no-cache"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert " 0 broken" in ended.stdout


def imported(module: str, node: ast.AST) -> list[str]:
    """Return the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module}: imports are absolute"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def test_nothing_that_is_deployed_needs_the_twins() -> None:
    users = {
        module
        for module, node in nodes()
        for name in imported(module, node)
        if name.startswith("pulsar_runtime.testing") and package_of(module) != "testing"
    }
    assert users == set()


def test_the_web_frameworks_stay_in_the_web() -> None:
    users = {
        package_of(module)
        for module, node in nodes()
        for name in imported(module, node)
        if name.partition(".")[0] in ("flask", "werkzeug", "gunicorn", "gevent")
    }
    assert users == {"web"}


def test_the_database_stays_in_the_store() -> None:
    users = {
        package_of(module)
        for module, node in nodes()
        for name in imported(module, node)
        if name.partition(".")[0] == "sqlite3"
    }
    assert users == {"store"}


def test_importing_everything_starts_and_opens_nothing() -> None:
    """Construction has no side effects, and importing has none at all (DESIGN section 3, rule 7)."""
    names = [
        ".".join(("pulsar_runtime", *path.relative_to(ROOT).with_suffix("").parts))
        for path in ROOT.rglob("*.py")
        if path.name not in ("__main__.py", "__init__.py")
    ]
    program = (
        "import importlib, json, os, sys, threading\n"
        "before = sorted(os.listdir('/proc/self/fd'))\n"
        "for name in json.loads(sys.argv[1]): importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "after = sorted(os.listdir('/proc/self/fd'))\n"
        "assert after == before, (before, after)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, json.dumps(sorted(names))],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
