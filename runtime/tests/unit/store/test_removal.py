"""A directory tree is removed whatever a job has made of it, and nothing else is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import Conflict, RemovalFailed
from pulsar_runtime.store.job_files import JobDirectories
from pulsar_runtime.store.removal import remove_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "staging" / "1"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "file").write_text("x")
    (tree / "file").write_text("x")
    return tree


@pytest.fixture
def ordinary() -> Iterator[Path]:
    """Return a directory that belongs to an ordinary user: root may do anything."""
    directory = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        os.chown(directory, 65534, -1)
    yield directory
    shutil.rmtree(directory)


def as_ordinary_user(directory: Path, prepare: str) -> list[str]:
    """Run shell text and then the removal of ``tree`` as that user; return what is said to be left."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # It has all modules already, and may not read the files of most.
        try:
            if os.geteuid() == 0:
                os.setresuid(65534, 65534, 65534)
            os.chdir(directory)
            subprocess.run(["/bin/sh", "-ec", prepare], check=True)
            os.write(writer, json.dumps(remove_tree("tree", lambda: None)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, encoding="utf-8") as said:
        return list(json.load(said))


def test_a_tree_is_removed(tree: Path) -> None:
    assert remove_tree(str(tree), lambda: None) == []
    assert not tree.exists()
    assert tree.parent.exists()


def test_links_are_removed_and_what_they_lead_to_stays(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").touch()
    (tree / "directory").symlink_to(tmp_path / "outside")
    (tree / "a" / "link").symlink_to(tmp_path / "outside" / "precious")
    (tree / "a" / "nowhere").symlink_to("nowhere")
    os.mkfifo(tree / "fifo")
    assert remove_tree(str(tree), lambda: None) == []
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["precious"]


def test_a_link_in_place_of_the_tree_is_removed_alone(tree: Path, tmp_path: Path) -> None:
    tree.rename(tmp_path / "moved")
    tree.symlink_to(tmp_path / "moved")
    assert remove_tree(str(tree), lambda: None) == []
    assert not tree.is_symlink()
    assert (tmp_path / "moved" / "file").exists()


def test_a_file_in_place_of_the_tree_is_removed(tmp_path: Path) -> None:
    (tmp_path / "1").touch()
    assert remove_tree(str(tmp_path / "1"), lambda: None) == []
    assert list(tmp_path.iterdir()) == []


def test_a_tree_of_any_depth_is_removed(tmp_path: Path) -> None:
    """Deeper than a path may be long, and deeper than Python may recurse."""
    (tmp_path / "1").mkdir()
    here = os.open(tmp_path / "1", os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d" * 10, dir_fd=here)
        below = os.open("d" * 10, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert remove_tree(str(tmp_path / "1"), lambda: None) == []
    assert list(tmp_path.iterdir()) == []


def test_a_removal_that_is_not_confirmed_leaves_everything(tree: Path) -> None:
    def refuse() -> None:
        raise Conflict("begun anew")

    with pytest.raises(Conflict):
        remove_tree(str(tree), lambda: None, refuse)
    assert (tree / "a" / "b" / "file").read_text() == "x"


@pytest.mark.parametrize("content", ["", "file"])
def test_a_tree_that_appears_in_place_of_the_confirmed_one_stays(tree: Path, content: str) -> None:
    """Its job begins anew just then: what is there is removed, and the directory is made again."""

    def begin_anew() -> None:
        assert remove_tree(str(tree), lambda: None) == []
        tree.mkdir()
        if content:
            (tree / content).touch()

    assert remove_tree(str(tree), lambda: None, begin_anew) == []
    assert [path.name for path in tree.iterdir()] == ([content] if content else [])


def test_a_tree_that_is_filled_again_and_again_is_left_and_told(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of the job may still run."""
    real = os.rmdir

    def rmdir(path: str, **more: int) -> None:
        if path == str(tree):
            (tree / "again").touch()
        real(path, **more)

    monkeypatch.setattr(os, "rmdir", rmdir)
    (problem,) = remove_tree(str(tree), lambda: None)
    assert problem == "1: somebody puts files into it all the time"
    assert [path.name for path in tree.iterdir()] == ["again"]


def test_two_removals_of_one_tree_get_along(tree: Path) -> None:
    """Each turn of the one lets the other do all of it."""
    for number in range(500):
        (tree / f"{number}").mkdir()
        (tree / f"{number}" / "file").touch()
    others: list[str] = []
    assert remove_tree(str(tree), lambda: others.extend(remove_tree(str(tree), lambda: None))) == []
    assert others == []
    assert not tree.exists()


@pytest.mark.parametrize(
    "close",
    [
        "chmod 000 tree/a/b",
        "chmod 000 tree/a",
        "find tree/a -depth -exec chmod 000 {} +",
        "chmod 500 tree/a/b",
        "chmod 300 tree",
        "find tree -depth -exec chmod 000 {} +",
    ],
)
def test_what_a_job_has_closed_against_its_own_user_is_removed(ordinary: Path, close: str) -> None:
    assert as_ordinary_user(ordinary, f"mkdir -p tree/a/b; touch tree/a/b/file; {close}") == []
    assert list(ordinary.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a directory of another user's")  # CI runs as root
def test_what_belongs_to_somebody_else_stays_and_is_named(ordinary: Path) -> None:
    (ordinary / "tree" / "theirs").mkdir(parents=True)
    (ordinary / "tree" / "theirs" / "file").touch()
    (ordinary / "tree" / "own").mkdir()
    for path in (ordinary / "tree", ordinary / "tree" / "own"):
        os.chown(path, 65534, -1)
    said = as_ordinary_user(ordinary, "touch tree/own/file")
    assert "Permission denied" in [problem.partition(": ")[2] for problem in said]
    assert [path.name for path in (ordinary / "tree").iterdir()] == ["theirs"]


def test_a_directory_that_stays_is_an_error_that_says_what_to_do(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(RemovalFailed, match=r"file: Operation not permitted.*by hand"):
        JobDirectories().clear(str(tree))
    assert tree.exists()


def test_what_is_gone_needs_no_removal(tmp_path: Path) -> None:
    JobDirectories().clear(str(tmp_path / "gone"))


def test_a_long_removal_lets_others_have_their_turn(tree: Path) -> None:
    for number in range(500):
        (tree / f"f{number}").touch()
    turns: list[None] = []
    assert remove_tree(str(tree), lambda: turns.append(None)) == []
    assert turns


def test_no_descriptor_stays_open(tree: Path) -> None:
    before = os.listdir("/proc/self/fd")
    remove_tree(str(tree), lambda: None)
    assert os.listdir("/proc/self/fd") == before
