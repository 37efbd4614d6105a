"""Datasets in Galaxy's own directory of them, where this machine has it too."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from pulsar_runtime.domain.errors import TransferRefused
from pulsar_runtime.domain.staging import SharedFile, StoredObject
from pulsar_runtime.staging.progress import Progress
from pulsar_runtime.staging.shared_files import SharedFiles

#: Galaxy puts at most a thousand datasets into one directory.
_GROUP = 3


@attrs.frozen
class DiskObjectStore:
    """Implements `Fetcher` for one disk, for datasets that are filed by their ids or by their UUIDs."""

    root: Path
    shared: SharedFiles

    def fetch(self, other: StoredObject, path: str, progress: Progress) -> None:
        """Copy the dataset to *path*."""
        for place in self._places(other):
            if os.path.exists(place):
                self.shared.fetch(SharedFile(place), path, progress)
                return
        raise TransferRefused(f"dataset {other.dataset_id} is not below {self.root}")

    def _places(self, other: StoredObject) -> list[str]:
        """Return where Galaxy may have filed it."""
        roots = [self.root]
        if _is_plain(other.object_store_id):
            roots.insert(0, self.root / str(other.object_store_id))
        names = [f"{by_id(other.dataset_id)}/dataset_{other.dataset_id}.dat"]
        uuid = other.dataset_uuid
        if uuid is not None and _is_plain(uuid) and len(uuid) > _GROUP:
            names.insert(0, f"{'/'.join(uuid[:_GROUP])}/dataset_{uuid}.dat")
        return [f"{root}/{name}" for root in roots for name in names]


def _is_plain(name: str | None) -> bool:
    """Tell whether a name from outside is one component, and not of a hidden file."""
    return bool(name) and "/" not in str(name) and not str(name).startswith(".")


def by_id(dataset_id: int) -> str:
    """Return the directory of a number: groups of three of its digits, without the last group."""
    digits = str(dataset_id)
    # A whole group of zeros goes before digits that need none to fill one.
    digits = ("0" * (_GROUP - len(digits) % _GROUP) + digits).zfill(2 * _GROUP)
    groups = [digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP)]
    return "/".join(groups[:-1])
