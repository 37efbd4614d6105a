"""The reference server, started as its documentation says: ``pulsar-config``, then ``pulsar-serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import attrs

from benchmarks import environment
from benchmarks.product import Site

LOCK = environment.REQUIREMENTS / "reference.txt"
DISTRIBUTION = "pulsar-app"


@attrs.frozen
class Reference:
    """The released reference in an environment of its own."""

    binaries: Path
    version: str
    name: str = "reference"
    ready_path: str = "/healthz"

    @classmethod
    def installed(cls) -> Self:
        """Install the locked release unless it is there."""
        binaries = environment.ensure("reference", [LOCK], _fill)
        return cls(binaries, f"{DISTRIBUTION} {environment.version(binaries, DISTRIBUTION)}")

    def configure(self, site: Site) -> list[str]:
        """Let it write its server.ini, and replace the app.yml."""
        environment.run(
            [
                str(self.binaries / "pulsar-config"),
                f"--directory={site.directory}",
                "--host=127.0.0.1",
                f"--port={site.port}",
                f"--private_token={site.token}",
            ]
        )
        site.write_app_yml()
        return [str(self.binaries / "pulsar-serve")]


def _fill(binaries: Path) -> None:
    environment.install(binaries, "--require-hashes", "-r", str(LOCK))
