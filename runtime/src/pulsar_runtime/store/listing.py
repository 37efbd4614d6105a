"""Which files of a directory a client can fetch."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pulsar_runtime.domain.paths import PARTIAL_PREFIX


def files_below(root: str) -> Iterator[str]:
    """Yield every regular file below *root*, relative to it, links included while they stay inside.

    Linked directories are not entered (protocol section 2.4). What could not be served is left out, for
    a client must be able to fetch whatever is listed (section 1.9): links that lead out or nowhere,
    FIFOs, uploads in progress, and names that are not UTF-8.
    """
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
                if entry.name.startswith(PARTIAL_PREFIX) or not _is_text(entry.name):
                    continue
                name = os.path.join(below, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(name)
                elif entry.is_file() and (not entry.is_symlink() or _stays_inside(root, entry.path)):
                    yield name


def _is_text(name: str) -> bool:
    return name.isascii() or not any("\udc80" <= character <= "\udcff" for character in name)


def _stays_inside(root: str, path: str) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(root) + os.sep)
