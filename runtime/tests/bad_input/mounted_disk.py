"""A small disk of its own, mounted for a while; the tests run as root wherever they have to pass."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mounted_disk(place: Path, size: str) -> Iterator[Path]:
    """Mount an empty file system of *size* at *place*."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        # Lazily: a process that is about to end may still have it open.
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> Path:
    """Fill *disk* up to its last byte; return the file that does it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            block = b"x" * size
            try:
                while True:
                    file.write(block)
            except OSError:
                continue
    return filler
