"""What the measurements need to know about a server program to run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import attrs

from benchmarks.batch_system import BatchSystem

#: How often a batch system is asked about its jobs.
POLLING_SECONDS = 5.0

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
    broker_url: str | None = None
    """Where the server meets Galaxy; without it, Galaxy comes to the server's port."""
    batch_system: BatchSystem | None = None
    """Where jobs go; without it, the server runs them itself."""
    curl: bool = False
    """Whether the reference has pycurl to move files with; ours always does, as the role installs it."""

    def write_app_yml(self, **more: object) -> Path:
        """Write the settings that both servers read (protocol section 10), and those of one."""
        path = self.directory / "app.yml"
        settings: dict[str, object] = {
            "staging_directory": str(self.staging),
            "persistence_directory": str(self.directory / "persisted"),
            "managers": {MANAGER: self._manager()},
            **more,
        }
        if self.broker_url is None:
            settings["private_token"] = self.token
        else:
            settings["message_queue_url"] = self.broker_url
        path.write_text(json.dumps(settings, indent=2) + "\n")
        return path

    def _manager(self) -> dict[str, object]:
        if self.batch_system is None:
            return {"type": "queued_python", "num_concurrent_jobs": self.concurrent_jobs}
        interval = {"min_polling_interval": POLLING_SECONDS, "max_polling_interval": POLLING_SECONDS}
        return {"type": "queued_slurm", **interval}


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
