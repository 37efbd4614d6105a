from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

RUNTIME = Path(__file__).parents[2] / "runtime"
LOCKS = sorted((RUNTIME / "requirements").glob("*.txt"))


def locked(name: str) -> dict[str, str]:
    """Return the locked packages with what follows each, hashes included."""
    text = (RUNTIME / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return {entry.partition("==")[0]: entry for entry in entries}


def version(entry: str) -> str:
    return entry.split(maxsplit=1)[0]


def canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_package_has_one_version_and_hashes(lock: Path) -> None:
    packages = locked(lock.stem)
    assert packages
    for name, entry in packages.items():
        assert re.match(rf"{re.escape(name)}==[^ ]+ .*\\\n +--hash=sha256:[0-9a-f]{{64}}", entry), name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_no_lock_names_where_packages_come_from(lock: Path) -> None:
    """Each machine has its own index."""
    assert "://" not in lock.read_text()


def test_the_runtime_lock_holds_what_the_runtime_needs() -> None:
    needed = tomllib.loads((RUNTIME / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {canonical(requirement) for requirement in needed} <= locked("runtime").keys()


def test_the_build_lock_holds_the_build_backend() -> None:
    (backend,) = tomllib.loads((RUNTIME / "pyproject.toml").read_text())["build-system"]["requires"]
    assert locked("build")[canonical(backend)].startswith(backend.replace("_", "-"))


@pytest.mark.parametrize("other", ["test", "lint", "ansible"])
def test_locks_that_share_an_environment_agree(other: str) -> None:
    runtime = locked("runtime")
    shared = runtime.keys() & locked(other).keys()
    assert {name: version(runtime[name]) for name in shared} == {
        name: version(locked(other)[name]) for name in shared
    }
