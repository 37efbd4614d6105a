"""Directories that several hosts of a scenario have under the same path, as from a file server."""

from __future__ import annotations

import attrs

from .podman import podman


@attrs.frozen(kw_only=True)
class SharedDirectory:
    """What the hosts of *scenario* that name *path* have there, all of them the same."""

    scenario: str
    path: str

    @property
    def volume(self) -> str:
        """How podman brings it into a host; the first one that needs it makes it, empty and root's."""
        return f"--volume={self.scenario}{self.path.replace('/', '.')}:{self.path}:nocopy"


def remove_shared_directories(scenario: str) -> None:
    """Remove those of a scenario whose hosts are gone, with all that is in them."""
    for found in podman("volume", "ls", "--format={{.Name}}").split():
        if found.partition(".")[0] == scenario:
            podman("volume", "rm", found)
