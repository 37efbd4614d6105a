"""How the control node's pip finds packages, for hosts that are to find them the same way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

LIMIT = 30.0
SETTINGS = (
    "cert",
    "client-cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "no-index",
    "proxy",
    "retries",
    "timeout",
    "trusted-host",
)


@attrs.frozen(kw_only=True)
class PipConfiguration:
    """The settings by name."""

    settings: dict[str, str]

    @classmethod
    def of_this_machine(cls) -> PipConfiguration:
        """Ask pip itself, which knows its files and its variables."""
        command = [sys.executable, "-m", "pip", "config", "list"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
        return cls.parse(done.stdout)

    @classmethod
    def parse(cls, listing: str) -> PipConfiguration:
        """Read what ``pip config list`` prints.

        As in pip, settings for ``pip install`` win over general ones, and variables of the environment over
        files.
        """
        found = re.findall(r"^(global|install|:env:)\.([a-z-]+)=(.*)$", listing, re.MULTILINE)
        in_order = sorted(found, key=lambda entry: ("global", "install", ":env:").index(entry[0]))
        settings = {
            name: str(ast.literal_eval(value)) for _level, name, value in in_order if name in SETTINGS
        }
        return cls(settings=settings)

    @property
    def paths(self) -> Sequence[Path]:
        """What the settings name on this machine, each once: to be had under the same paths on a host.

        The pages of an index in a folder (PEP 503) refer to files beside that folder, so it is its parent
        that a host needs.
        """
        words = " ".join(self.settings.values()).split()
        indexes = [Path(word.removeprefix("file://")).parent for word in words if word.startswith("file://")]
        named = [Path(word) for word in words if word.startswith("/")]
        return [path for path in dict.fromkeys(indexes + named) if path.exists()]

    @property
    def text(self) -> str:
        """The settings as a ``pip.conf``."""
        return "\n".join(["[global]", *(f"{name} = {value}" for name, value in self.settings.items()), ""])

    def volumes(self, file: Path) -> list[str]:
        """Write the ``pip.conf`` to *file*, and return podman's options that bring it all to a host."""
        # A host's users read it, this machine's others do not: it may hold the password of an index.
        file.parent.chmod(0o700)
        file.write_text(self.text)
        return [
            f"--volume={file}:/etc/pip.conf:ro",
            *(f"--volume={path}:{path}:ro" for path in self.paths),
        ]
