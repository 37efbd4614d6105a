"""What the measurements need to know about a server program to run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import attrs

#: YAML 1.2 reads JSON; both servers read app.yml.
MANAGER = "_default_"


@attrs.frozen(kw_only=True)
class Site:
    """One installation's place and settings, the same for both servers."""

    directory: Path
    staging: Path
    port: int
    token: str
    concurrent_jobs: int

    def write_app_yml(self) -> Path:
        """Write the settings that both servers read (protocol section 10)."""
        path = self.directory / "app.yml"
        settings = {
            "private_token": self.token,
            "staging_directory": str(self.staging),
            "persistence_directory": str(self.directory / "persisted"),
            "managers": {MANAGER: {"type": "queued_python", "num_concurrent_jobs": self.concurrent_jobs}},
        }
        path.write_text(json.dumps(settings, indent=2) + "\n")
        return path


class Product(Protocol):
    """An installed server program."""

    @property
    def name(self) -> str:
        """How the table calls it."""

    @property
    def version(self) -> str:
        """What is installed, with its version."""

    @property
    def ready_path(self) -> str:
        """The path that answers 200 when the server can work."""

    def configure(self, site: Site) -> list[str]:
        """Write the configuration and return the command that starts the server in ``site.directory``."""
