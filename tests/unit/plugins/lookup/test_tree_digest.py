from __future__ import annotations

from pathlib import Path

import pytest

from plugins.lookup.tree_digest import LookupModule


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "one" / "src"
    (root / "package" / "__pycache__").mkdir(parents=True)
    (root / "package" / "module.py").write_text("a = 1\n")
    return root


def digest(*terms: Path) -> str:
    (found,) = LookupModule().run([str(term) for term in terms])
    return found


def test_the_same_content_has_the_same_digest_wherever_it_is(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "two" / "src"
    (copy / "package").mkdir(parents=True)
    (copy / "package" / "module.py").write_text("a = 1\n")
    assert digest(tree) == digest(copy)


@pytest.mark.parametrize("change", ["content", "name", "new file"])
def test_a_change_changes_the_digest(tree: Path, change: str) -> None:
    before = digest(tree)
    module = tree / "package" / "module.py"
    if change == "content":
        module.write_text("a = 2\n")
    elif change == "name":
        module.rename(tree / "package" / "other.py")
    else:
        (tree / "package" / "empty.py").touch()
    assert digest(tree) != before


def test_what_python_leaves_behind_does_not_change_the_digest(tree: Path) -> None:
    before = digest(tree)
    (tree / "package" / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"compiled")
    assert digest(tree) == before


def test_a_file_may_stand_for_itself(tree: Path) -> None:
    module = tree / "package" / "module.py"
    assert digest(tree, module) not in (digest(tree), digest(module))
