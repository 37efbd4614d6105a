"""Submit jobs to a server, ask for one, or cancel it, through the published client library as Galaxy does.

A program for Galaxy's host; prints one JSON document. The library keeps nothing of a job between two runs but
its id, so each question is a run of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol

from pulsar.client.exceptions import PulsarClientTransportError
from pulsar.client.manager import build_client_manager
from pulsar.client.staging.inputs import ClientInputs
from pulsar.client.staging.models import ClientJobDescription, ClientOutputs
from pulsar.client.staging.up import submit_job

ENDED = ("complete", "cancelled", "failed", "lost")
POLL_INTERVAL = 0.5


class Client(Protocol):
    """What is used of the library's client of one job."""

    def setup(self, **tool: str) -> object:
        """Have the server make the job's directories."""

    def get_status(self) -> str:
        """Ask the server for the job's status."""

    def full_status(self) -> dict[str, object]:
        """Ask the server for everything that it says of the job."""

    def kill(self) -> None:
        """Have the server end the job."""


GetClient = Callable[[str], Client]


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint", type=Path, help="endpoint descriptor of the server")
    parser.add_argument("parameters", type=json.loads, help="JSON: more parameters of Galaxy's destination")
    actions = parser.add_subparsers(required=True)
    submitting = actions.add_parser("submit")
    submitting.add_argument("commands", type=json.loads, help="JSON: the command of each job, by its id")
    submitting.set_defaults(action=submit)
    waiting = actions.add_parser("wait")
    waiting.add_argument("ids", type=json.loads, help="JSON: the ids of the jobs")
    waiting.add_argument("seconds", type=float, help="how long their ends may take")
    waiting.set_defaults(action=wait)
    cancelling = actions.add_parser("cancel")
    cancelling.add_argument("id")
    cancelling.set_defaults(action=cancel)
    options = parser.parse_args()
    endpoint = json.loads(options.endpoint.read_text())
    token = Path(endpoint["token_file"]).read_text().strip()
    destination = {"url": endpoint["url"], "private_token": token, **options.parameters}
    # Standard output is for the answer alone; the library prints there too.
    with redirect_stdout(sys.stderr):
        manager = build_client_manager()
        answer = options.action(lambda job_id: manager.get_client(destination, job_id), options)
    sys.stdout.write(json.dumps(answer) + "\n")


def submit(get_client: GetClient, options: argparse.Namespace) -> list[str]:
    """Submit the jobs, and return their ids."""
    for job_id, command in options.commands.items():
        client = get_client(job_id)
        description = ClientJobDescription(
            command_line=command,
            tool=SimpleNamespace(id="command", version="1.0", tool_dir="/nonexistent"),
            client_inputs=ClientInputs([]),
            client_outputs=ClientOutputs(working_directory="/nonexistent", output_files=[]),
            working_directory="/nonexistent",
        )
        submit_job(client, description, client.setup(tool_id="command", tool_version="1.0"))
    return list(options.commands)


def wait(get_client: GetClient, options: argparse.Namespace) -> Mapping[str, Mapping[str, object]]:
    """Wait until the jobs have ended, and return all that the server says of those that have."""
    deadline = time.monotonic() + options.seconds
    endings: dict[str, dict[str, object]] = {}
    running = {job_id: get_client(job_id) for job_id in options.ids}
    while True:
        for job_id, client in list(running.items()):
            try:
                if client.get_status() in ENDED:
                    endings[job_id] = client.full_status()
                    del running[job_id]
            except (OSError, PulsarClientTransportError) as error:
                # Galaxy's monitor asks again, too.
                sys.stderr.write(f"{job_id}: {error}\n")
        if not running or time.monotonic() > deadline:
            return endings
        time.sleep(POLL_INTERVAL)


def cancel(get_client: GetClient, options: argparse.Namespace) -> None:
    """Have the server end the job."""
    get_client(options.id).kill()


if __name__ == "__main__":
    main()
