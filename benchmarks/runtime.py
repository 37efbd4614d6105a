"""Our server, installed from a wheel as a deployment does it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Self

import attrs

from benchmarks import environment
from benchmarks.product import Site

SOURCE = environment.ROOT / "runtime"
LOCK = environment.REQUIREMENTS / "runtime.txt"
DISTRIBUTION = "pulsar-runtime"


@attrs.frozen
class Runtime:
    """Our server in an environment of its own."""

    binaries: Path
    version: str
    name: str = "ours"
    ready_path: str = "/readyz"

    @classmethod
    def installed(cls) -> Self:
        """Install what the checkout holds unless that is there."""
        sources = [LOCK, SOURCE / "pyproject.toml", *(SOURCE / "src").rglob("*.py")]
        binaries = environment.ensure("runtime", sources, _fill)
        return cls(binaries, f"{DISTRIBUTION} {environment.version(binaries, DISTRIBUTION)}")

    def configure(self, site: Site) -> list[str]:
        """Write the one file that it reads."""
        path = site.write_app_yml()
        program = str(self.binaries / "pulsar-runtime")
        if site.broker_url is not None:
            return [program, "agent", f"--config={path}"]
        return [program, "serve", f"--config={path}", f"--bind=127.0.0.1:{site.port}"]


def _fill(binaries: Path) -> None:
    environment.install_locked(binaries, LOCK)
    with tempfile.TemporaryDirectory() as folder:
        # The build backend is in the development environment, locked, so that nothing is fetched to build.
        build = [sys.executable, *environment.PIP, "wheel", "--no-deps", "--no-build-isolation"]
        environment.run([*build, f"--wheel-dir={folder}", str(SOURCE)])
        environment.install(binaries, "--no-deps", *map(str, Path(folder).glob("*.whl")))
