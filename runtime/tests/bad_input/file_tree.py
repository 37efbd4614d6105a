"""Everything below a directory, for a comparison before and after."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.tests.live_server import LiveServer


def file_tree(root: Path) -> dict[str, bytes | str]:
    """Return each path below *root* with its contents, or what it is; links are not followed."""
    found: dict[str, bytes | str] = {}
    for directory, _, files in os.walk(root):
        found[directory] = "directory"
        for name in files:
            path = Path(directory, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found[str(path)] = f"link to {path.readlink()}"
            else:
                found[str(path)] = path.read_bytes() if stat.S_ISREG(mode) else "special"
    return found


@contextmanager
def nothing_written(server: LiveServer, *places: Path) -> Iterator[None]:
    """Check that the block changes nothing in the staging directory, nor in *places*."""
    roots = (server.staging, *places)
    before = [file_tree(root) for root in roots]
    yield
    assert [file_tree(root) for root in roots] == before
