"""The host that stands for Galaxy: it has the published client library, and runs programs with it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import attrs

from .endpoint import Endpoint
from .podman import PROGRAM, podman

PYTHON = "/opt/galaxy/client/bin/python"
PROGRAMS = Path(__file__).parent / "programs"
DEMO_JOB = Path(__file__).parents[3] / "playbooks" / "files" / "demo_job.py"
JOB_LIMIT = 90.0


@attrs.frozen
class Galaxy:
    """Galaxy's host by its *container*."""

    container: str

    def run_job(self, endpoint: Endpoint) -> str:
        """Run one job with an input and an output, and return the client's report; raise if it fails."""
        arguments = [self._knows(endpoint), "--stop-with=nothing"]
        return podman(*self._exec(arguments), stdin=DEMO_JOB.read_text(), limit=JOB_LIMIT)

    def start(self, program: str, endpoint: Endpoint, *arguments: str) -> subprocess.Popen[str]:
        """Start one of the programs beside this file for an endpoint; it prints JSON when it ends."""
        command = [str(PROGRAM), *self._exec([self._knows(endpoint), *arguments])]
        with (PROGRAMS / program).open() as source:
            return subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, text=True)

    def _exec(self, arguments: Sequence[str]) -> list[str]:
        """Return how to call podman for a program that comes through standard input."""
        return ["exec", "--interactive", self.container, PYTHON, "-", *arguments]

    def _knows(self, endpoint: Endpoint) -> str:
        """Write the descriptor and the token to the host, as an administrator would, and return where."""
        path = f"/root/{endpoint.name}.json"
        descriptor = {**endpoint.descriptor, "token_file": f"/root/{endpoint.name}.token"}
        self._write(str(descriptor["token_file"]), endpoint.token)
        self._write(path, json.dumps(descriptor))
        return path

    def _write(self, path: str, text: str) -> None:
        podman(
            "exec",
            "--interactive",
            self.container,
            "sh",
            "-c",
            'umask 077; cat >"$1"',
            "sh",
            path,
            stdin=text,
        )
