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
CURL_LOCK = environment.REQUIREMENTS / "reference-curl.txt"
DISTRIBUTION = "pulsar-app"


@attrs.frozen
class Reference:
    """The released reference, in environments of its own for each way to be reached."""

    binaries: Path
    amqp_binaries: Path
    curl_binaries: Path
    version: str
    name: str = "reference"
    ready_path: str = "/healthz"

    @classmethod
    def installed(cls) -> Self:
        """Install the locked release unless it is there."""
        web, amqp, curl = (
            environment.ensure(lock.stem, [lock], partial(environment.install_locked, lock=lock))
            for lock in (LOCK, AMQP_LOCK, CURL_LOCK)
        )
        return cls(web, amqp, curl, f"{DISTRIBUTION} {environment.version(web, DISTRIBUTION)}")

    def configure(self, site: Site) -> list[str]:
        """Let it write its server.ini if it is to have a port, and replace the app.yml."""
        if site.broker_url is not None:
            # It takes pycurl where it finds it.
            binaries = self.curl_binaries if site.curl else self.amqp_binaries
            return [str(binaries / "pulsar-main"), f"--app_conf_path={site.write_app_yml()}"]
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
