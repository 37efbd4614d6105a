"""A job configuration of Galaxy's on its host, as its own code reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from tests.galaxy_side.galaxy_judge import GalaxyJudge

from .podman import podman

#: How the file is called in each shape.
FILES = {"yml": "job_conf.yml", "xml": "job_conf.xml", "inline": "galaxy.yml"}


@attrs.frozen(kw_only=True)
class GalaxyConfiguration:
    """The one of a *shape* on the host of *container*."""

    shape: str
    container: str
    judge: GalaxyJudge
    #: Where the file is copied to, to be read.
    directory: Path

    @property
    def content(self) -> bytes:
        """What is in the file."""
        return self._copied().read_bytes()

    def read(self) -> dict[str, Any]:
        """Return what Galaxy reads from it, as `GalaxyJudge.job_conf` does."""
        ask = self.judge.galaxy_yml if self.shape == "inline" else self.judge.job_conf
        return ask(self._copied())

    def routes(self) -> dict[str, str]:
        """Return the environment that each tool is sent to."""
        return {tool["id"]: tool["environment"] for tool in self.read()["tools"]}

    def _copied(self) -> Path:
        copy = self.directory / FILES[self.shape]
        podman("cp", f"{self.container}:/srv/galaxy/{self.shape}/{copy.name}", str(copy))
        return copy
