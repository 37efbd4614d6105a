"""The tarball of the collection, on a control node that has Ansible and nothing else of the project."""

from __future__ import annotations

import fnmatch
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]

ROOT = Path(__file__).parents[2]
#: An environment that holds ansible-core alone; `make test-collection` makes it.
ANSIBLE = ROOT / ".cache" / "venv" / "ansible" / "bin"

NEEDED = (
    "LICENSE",
    "README.md",
    "meta/runtime.yml",
    "playbooks/demo.yml",
    "playbooks/site.yml",
    "plugins/filter/instances.py",
    "plugins/lookup/tree_digest.py",
    "plugins/modules/pulsar_files.py",
    "roles/pulsar/tasks/main.yml",
    "runtime/pyproject.toml",
    "runtime/requirements/build.txt",
    "runtime/requirements/client-0.16.0.txt",
    "runtime/requirements/runtime.txt",
)
UNWANTED = ("*.pyc", ".*", "*/.*", "*/tests/*", "tests/*", "benchmarks/*", "build/*", "*.tar.gz", "Makefile")


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    environment = {"ANSIBLE_HOME": str(folder / "ansible")}
    run([str(ANSIBLE / "ansible-galaxy"), "collection", "build", "--output-path", str(folder)], environment)
    (tarball,) = folder.glob("galaxyops-pulsar-*.tar.gz")
    return tarball


def files_of(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as content:
        return {member.name for member in content if member.isfile()}


def test_the_tarball_holds_what_deploys_and_runs(tarball: Path) -> None:
    sources = (ROOT / "runtime" / "src").rglob("*")
    runtime = {str(path.relative_to(ROOT)) for path in sources if path.is_file() and path.suffix != ".pyc"}
    assert {*NEEDED, *runtime} - files_of(tarball) == set()


def test_the_tarball_holds_neither_tests_nor_caches(tarball: Path) -> None:
    unwanted = {name for name in files_of(tarball) for pattern in UNWANTED if fnmatch.fnmatch(name, pattern)}
    assert unwanted == set()


@pytest.mark.timeout(600)
def test_the_tarball_installs_and_deploys_by_itself(
    tarball: Path, tmp_path: Path, run: Run, free_port: Callable[[], int]
) -> None:
    environment = {
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(tmp_path / "ansible" / "modules"),
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PWD": str(tmp_path),
    }
    # Those that it depends on are on a server that is not everywhere, and none is needed for this.
    install = [str(ANSIBLE / "ansible-galaxy"), "collection", "install", "--no-deps", str(tarball)]
    run([*install, "--collections-path", str(tmp_path / "collections")], environment, cwd=tmp_path)
    demo = [
        str(ANSIBLE / "ansible-playbook"),
        "galaxyops.pulsar.demo",
        f"--extra-vars=pulsar_port={free_port()}",
    ]
    try:
        assert "output  apple orange pear" in run(demo, environment, cwd=tmp_path)
    finally:
        run([*demo, "--extra-vars=pulsar_state=absent"], environment, cwd=tmp_path)
    assert not (tmp_path / ".demo" / "pulsar").exists()
