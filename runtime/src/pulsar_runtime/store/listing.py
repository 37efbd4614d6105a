"""Which files of a directory a client can fetch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from pulsar_runtime.domain.paths import PARTIAL_PREFIX

#: What Python makes of bytes that are not UTF-8 (PEP 383).
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def files_below(directory: int) -> Iterator[str]:
    """Yield every regular file below an open directory, relative to it; links too, while they stay inside.

    Linked directories are not entered (protocol section 2.4). What could not be served is left out, for
    a client must be able to fetch whatever is listed (section 1.9): links that lead out or nowhere,
    FIFOs, uploads in progress, and names that are not UTF-8.
    """
    root = f"/proc/self/fd/{directory}"
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            entries = os.scandir(os.path.join(root, below))
        except OSError:
            # Removed or closed by the job in the meantime.
            continue
        with entries:
            for entry in entries:
                if not is_listed(entry.name):
                    continue
                name = os.path.join(below, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(name)
                elif entry.is_file(follow_symlinks=False) or _is_link_to_file_inside(root, entry):
                    yield name


def is_listed(name: str) -> bool:
    """Tell whether a client may know of a file by its name alone: no upload in progress, and text."""
    return not name.startswith(PARTIAL_PREFIX) and (name.isascii() or not _NOT_UTF8.search(name))


def _is_link_to_file_inside(root: str, entry: os.DirEntry[str]) -> bool:
    try:
        return (
            entry.is_symlink()
            and entry.is_file()
            and os.path.realpath(entry.path).startswith(os.path.realpath(root) + os.sep)
        )
    except OSError:
        # It leads in a circle, or through a directory that the job has closed.
        return False
