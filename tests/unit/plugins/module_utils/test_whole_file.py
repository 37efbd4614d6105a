from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.whole_file import read, replace


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read(str(tmp_path / "nothing")) == ""


def test_line_breaks_stay_as_they_are(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    replace(path, "one\r\ntwo\n", new_mode=0o600)
    assert read(path) == "one\r\ntwo\n"


def test_a_new_file_is_never_open_to_more_than_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace(str(path), "text", new_mode=0o640)
    assert path.stat().st_mode & 0o777 == 0o640


def test_owner_and_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(0o604)
    before = path.stat()
    replace(str(path), "text", new_mode=0o640)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_a_text_that_cannot_be_written_leaves_the_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        replace(str(path), "\ud800", new_mode=0o640)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
