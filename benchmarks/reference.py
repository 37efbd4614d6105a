"""The reference server, started as its documentation says.

With a port: ``pulsar-config``, then ``pulsar-serve``. With a broker: ``pulsar-main``.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Self

import attrs

from benchmarks import environment
from benchmarks.product import Site

LOCK = environment.REQUIREMENTS / "reference.txt"
AMQP_LOCK = environment.REQUIREMENTS / "reference-amqp.txt"
DISTRIBUTION = "pulsar-app"


@attrs.frozen
class Reference:
    """The released reference, in one environment as a web server and in one with what messages take."""

    binaries: Path
    amqp_binaries: Path
    version: str
    name: str = "reference"
    ready_path: str = "/healthz"

    @classmethod
    def installed(cls) -> Self:
        """Install the locked release unless it is there."""
        binaries = environment.ensure("reference", [LOCK], partial(environment.install_locked, lock=LOCK))
        amqp_binaries = environment.ensure(
            "reference-amqp", [AMQP_LOCK], partial(environment.install_locked, lock=AMQP_LOCK)
        )
        version = f"{DISTRIBUTION} {environment.version(binaries, DISTRIBUTION)}"
        return cls(binaries, amqp_binaries, version)

    def configure(self, site: Site) -> list[str]:
        """Let it write its server.ini if it is to have a port, and replace the app.yml."""
        if site.broker_url is not None:
            return [str(self.amqp_binaries / "pulsar-main"), f"--app_conf_path={site.write_app_yml()}"]
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
