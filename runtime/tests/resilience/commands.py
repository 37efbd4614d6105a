"""An administrator's commands, beside a live server."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from runtime.tests.live_server import LiveServer, serve_command

COMMAND_LIMIT = 40.0


def command(server: LiveServer, *arguments: str) -> list[str]:
    """Return the command line of a command on this server's configuration."""
    program = serve_command(server.config, server.bind)[0]
    return [program, *arguments, "--config", str(server.config)]


def run(server: LiveServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(server, *arguments),
        cwd=server.directory,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT,
        check=False,
    )


def said(server: LiveServer, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
    """Run a command that succeeds, and return the JSON that it prints."""
    ended = run(server, *arguments, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)
