"""How much of a disk a directory tree occupies."""

from __future__ import annotations

import os

#: The unit of st_blocks, whatever the file system's own is (stat(2)).
_BLOCK_BYTES = 512


def tree_size(directory: str) -> int:
    """Return the bytes that *directory* and everything below it occupy; no link is followed.

    What vanishes meanwhile, or cannot be looked at, does not count; what has several names does for each.
    """
    blocks = 0
    pending = [] if os.path.islink(directory) else [directory]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    blocks += entry.stat(follow_symlinks=False).st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except OSError:
            continue
    return blocks * _BLOCK_BYTES
