"""Run many jobs at once through the published client library, the way Galaxy does, whatever happens.

A program for Galaxy's host. Each job notes on its own host when it starts and when it ends, in a file that is
named after it. Prints two JSON documents, a line each: the ids of the jobs when all are submitted, and how
each ended. To be told of jobs, the server may take its time; to submit one, it may not fail.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
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

    def get_status(self) -> str:
        """Ask the server for the job's status."""

    def full_status(self) -> dict[str, object]:
        """Ask the server for everything that it says of the job."""

    def clean(self) -> None:
        """Have the server forget the job."""


def main() -> None:
    """Run the jobs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint", type=Path, help="endpoint descriptor of the server")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="how long each job takes")
    parser.add_argument("--limit", type=float, required=True, help="seconds that all of it may take")
    options = parser.parse_args()
    deadline = time.monotonic() + options.limit
    # Standard output is for the report alone; the library prints there too.
    with redirect_stdout(sys.stderr):
        clients = submit(json.loads(options.endpoint.read_text()), options.count, options.seconds)
    report(sorted(clients))
    with redirect_stdout(sys.stderr):
        endings = wait(clients, deadline)
    report(endings)


def submit(endpoint: dict[str, str], count: int, seconds: float) -> dict[str, Client]:
    """Submit the jobs and return the client of each by its id."""
    token = Path(endpoint["token_file"]).read_text().strip()
    manager = build_client_manager()
    clients: dict[str, Client] = {}
    for _ in range(count):
        job_id = f"many-{uuid.uuid4().hex[:12]}"
        client = manager.get_client({"url": endpoint["url"], "private_token": token}, job_id)
        lines = f"/var/tmp/{job_id}.lines"  # noqa: S108 - it has to outlast a restart of the host
        description = ClientJobDescription(
            command_line=f"echo start >> {lines}; sleep {seconds}; echo end >> {lines}",
            tool=SimpleNamespace(id="note", version="1.0", tool_dir="/nonexistent"),
            client_inputs=ClientInputs([]),
            client_outputs=ClientOutputs(working_directory="/nonexistent", output_files=[]),
            working_directory="/nonexistent",
        )
        submit_job(client, description, client.setup(tool_id="note", tool_version="1.0"))
        clients[job_id] = client
    return clients


def wait(clients: dict[str, Client], deadline: float) -> dict[str, object]:
    """Return how each job ended, with what is known of those that had not when the time was up."""
    endings: dict[str, object] = {}
    running = dict(clients)
    while running and time.monotonic() < deadline:
        for job_id, client in list(running.items()):
            try:
                if client.get_status() in ENDED:
                    status = client.full_status()
                    endings[job_id] = {"status": status["status"], "returncode": status.get("returncode")}
                    client.clean()
                    del running[job_id]
            except (OSError, PulsarClientTransportError) as error:
                # Galaxy's monitor asks again, too.
                sys.stderr.write(f"{job_id}: {error}\n")
        time.sleep(POLL_INTERVAL)
    return {**endings, **{job_id: {"status": "not ended", "returncode": None} for job_id in running}}


def report(document: object) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
