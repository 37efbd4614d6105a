"""A site that is reached through a broker alone: its agent, and the Galaxy that uses it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.tests.broker import Broker
from runtime.tests.galaxy_by_message import GalaxyByMessage
from runtime.tests.live_server import LiveServer, serve_command
from runtime.tests.resilience.lone_process import running_alone


class Site:
    """One manager of one site; *settings* are those of its configuration besides what is usual here."""

    def __init__(self, broker: Broker, directory: Path, manager: str, **settings: object) -> None:
        self.broker = broker
        self.manager = manager
        self.server = LiveServer(
            directory,
            {
                "message_queue_url": broker.url,
                "managers": {manager: {"type": "queued_python", "num_concurrent_jobs": 4}},
                **settings,
            },
        )
        self.galaxy = GalaxyByMessage(
            broker, f"pulsar_{manager}_", acknowledges=bool(settings.get("amqp_acknowledge"))
        )

    def changed(self, **settings: object) -> Site:
        """Return the same site with further settings."""
        return Site(self.broker, self.server.directory, self.manager, **settings)

    def log_tail(self) -> str:
        """Return the end of the server's log."""
        return self.server.log_tail()

    def command(self, *arguments: str) -> None:
        """Run a command of the server's."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr

    def refused_start(self) -> str:
        """Start the agent, which has to refuse, and return what it says."""
        done = self.run("agent")
        assert done.returncode == 1, done.stderr
        return done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the server's, whatever comes of it."""
        program = serve_command(self.server.config, self.server.bind)[0]
        return subprocess.run(
            [program, *arguments, "--config", str(self.server.config)],
            cwd=self.server.directory,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @contextmanager
    def running(self) -> Iterator[GalaxyByMessage]:
        """Run the agent alone, and let Galaxy listen, for as long as the block lasts."""
        with self.galaxy.listening(), running_alone(self.server, "agent"):
            yield self.galaxy
