"""Everything below a directory, for a comparison before and after."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.tests.live_server import LiveServer


def file_tree(root: Path) -> dict[str, object]:
    """Return each path below *root* with what changes when it is written to; links are not followed."""
    found: dict[str, object] = {}
    for directory, _, names in os.walk(root):
        found[directory] = "directory"
        for name in names:
            path = f"{directory}/{name}"
            details = os.lstat(path)
            if stat.S_ISLNK(details.st_mode):
                found[path] = os.readlink(path)
            else:
                found[path] = (details.st_ino, details.st_size, details.st_mtime_ns)
    return found


@contextmanager
def nothing_written(server: LiveServer) -> Iterator[None]:
    """Check that the block leaves the staging directory as it was; no job may run meanwhile."""
    before = file_tree(server.staging)
    yield
    assert file_tree(server.staging) == before
