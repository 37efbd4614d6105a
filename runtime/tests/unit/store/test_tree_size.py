"""The size of a directory tree is what it occupies, and nothing outside of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pulsar_runtime.store.tree_size import tree_size


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "file").write_bytes(b"x" * 300_000)
    (tree / "file").write_bytes(b"x")
    return tree


def test_it_is_what_du_says_but_for_the_directory_itself(tree: Path) -> None:
    said = subprocess.run(["du", "-s", "-B1", str(tree)], check=True, capture_output=True, text=True)
    assert tree_size(str(tree)) == int(said.stdout.split()[0]) - tree.stat().st_blocks * 512


def test_what_links_lead_to_does_not_count(tree: Path, tmp_path: Path) -> None:
    before = tree_size(str(tree))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "large").write_bytes(b"x" * 1_000_000)
    (tree / "directory").symlink_to(tmp_path / "outside")
    (tree / "file-link").symlink_to(tmp_path / "outside" / "large")
    assert tree_size(str(tree)) - before < 100_000


def test_a_link_in_place_of_the_tree_occupies_nothing(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree)
    assert tree_size(str(tmp_path / "link")) == 0


def test_a_hole_occupies_nothing(tree: Path) -> None:
    before = tree_size(str(tree))
    os.truncate(tree / "file", 10**9)
    assert tree_size(str(tree)) - before < 100_000


def test_a_file_in_place_of_the_tree_and_nothing_at_all_occupy_nothing(tree: Path) -> None:
    assert tree_size(str(tree / "file")) == 0
    assert tree_size(str(tree / "nowhere")) == 0
