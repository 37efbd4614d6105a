"""A file system, as far as its space goes."""

from __future__ import annotations

import attrs


@attrs.frozen
class Volume:
    """What is free, and for whom: directories with the same *device* share it."""

    device: int
    free_bytes: int
