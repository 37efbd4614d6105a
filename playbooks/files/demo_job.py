"""Run one job with an input and an output through the published client library, the way Galaxy does.

A program for an environment that holds the client library (``pulsar-galaxy-lib``); it imports nothing of
ours. It reads the endpoint descriptor that the role ``pulsar`` leaves on the host, and prints what ran where
and how long each phase took. It fails if the output is not what the input asks for.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol

from pulsar.client.manager import build_client_manager
from pulsar.client.staging.down import finish_job
from pulsar.client.staging.inputs import ClientInput, ClientInputs
from pulsar.client.staging.models import ClientJobDescription, ClientOutputs, PulsarOutputs
from pulsar.client.staging.up import submit_job

LINES = ("pear", "apple", "orange")
ENDED = ("complete", "cancelled", "failed", "lost")
LIMIT = 60.0
POLL_INTERVAL = 0.05


class DemoFailure(RuntimeError):
    """The job did not do what it should have done."""


class Client(Protocol):
    """What is used of the library's client of one job."""

    def get_status(self) -> str:
        """Ask the server for the job's status."""

    def full_status(self) -> dict[str, object]:
        """Ask the server for everything that it says of the job."""


class Phases:
    """How long each phase took, in the order in which they happened."""

    def __init__(self, earlier: list[tuple[str, float]]) -> None:
        """Start with the phases that are *earlier* than this program."""
        self.seconds = list(earlier)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time the block as the phase *name*."""
        start = time.monotonic()
        yield
        self.seconds.append((name, time.monotonic() - start))

    def table(self) -> str:
        """Lay the phases out below one another."""
        width = max(len(name) for name, _unused in self.seconds)
        return "\n".join(f"{name:<{width}}  {seconds:7.2f} s" for name, seconds in self.seconds)


def main(arguments: list[str]) -> None:
    """Run the job and print the report."""
    parser = argparse.ArgumentParser(description="Run one job through the published client library.")
    parser.add_argument("endpoint", type=Path, help="endpoint descriptor of the server")
    parser.add_argument("--earlier", action="append", default=[], type=_phase, metavar="NAME=SECONDS")
    parser.add_argument("--stop-with", required=True, metavar="COMMAND", help="what stops the server")
    options = parser.parse_args(arguments)
    endpoint = json.loads(options.endpoint.read_text())
    phases = Phases(options.earlier)
    # Standard output is for the report alone; the library prints there too.
    with tempfile.TemporaryDirectory() as directory, redirect_stdout(sys.stderr):
        ran = run(endpoint, Path(directory), phases)
    ending = f"The server is still running; stop it with: {options.stop_with}"
    sys.stdout.write(f"{ran}\n\n{phases.table()}\n\n{ending}\n")


def run(endpoint: dict[str, str], directory: Path, phases: Phases) -> str:
    """Sort the lines of a file on the server and say what was done."""
    job_id = f"demo-{uuid.uuid4().hex[:8]}"
    unsorted = directory / "unsorted.txt"
    unsorted.write_text("".join(f"{line}\n" for line in LINES))
    output = directory / "sorted.txt"
    working_directory = directory / "working"
    tool_directory = directory / "tool"
    working_directory.mkdir()
    tool_directory.mkdir()
    outputs = ClientOutputs(working_directory=str(working_directory), output_files=[str(output)])
    description = ClientJobDescription(
        command_line=f"sort {unsorted} > {output}",
        tool=SimpleNamespace(id="sort_lines", version="1.0", tool_dir=str(tool_directory)),
        client_inputs=ClientInputs([ClientInput(str(unsorted), "input_path")]),
        client_outputs=outputs,
        working_directory=str(working_directory),
    )
    token = Path(endpoint["token_file"]).read_text().strip()
    client = build_client_manager().get_client({"url": endpoint["url"], "private_token": token}, job_id)
    with phases.timed("set up"):
        setup = client.setup(tool_id="sort_lines", tool_version="1.0")
    with phases.timed("stage in, submit"):
        submit_job(client, description, setup)
    with phases.timed("run"):
        status = wait_for_end(client)
    with phases.timed("stage out, clean"):
        failed = finish_job(
            client=client,
            cleanup_job="always",
            job_completed_normally=True,
            client_outputs=outputs,
            pulsar_outputs=PulsarOutputs.from_status_response(status),
        )
    if failed:
        raise DemoFailure(f"the output of job {job_id} could not be collected")
    produced = output.read_text().split()
    if produced != ["apple", "orange", "pear"]:
        raise DemoFailure(f"job {job_id} sorted {list(LINES)} into {produced}")
    return (
        f"Job {job_id} ran on {endpoint['url']} in {setup['job_directory']}\n"
        f"  input   {' '.join(LINES)}\n"
        f"  output  {' '.join(produced)}"
    )


def wait_for_end(client: Client) -> dict[str, object]:
    """Poll the job's status until it has ended, and return all that the server says of it then."""
    deadline = time.monotonic() + LIMIT
    while (status := client.get_status()) not in ENDED:
        if time.monotonic() > deadline:
            raise DemoFailure(f"the job is still {status} after {LIMIT:.0f} s")
        time.sleep(POLL_INTERVAL)
    final = client.full_status()
    if status != "complete" or final["returncode"] != 0:
        raise DemoFailure(f"the job ended as {status} with {final}")
    return final


def _phase(text: str) -> tuple[str, float]:
    name, _unused, seconds = text.partition("=")
    return name, float(seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
