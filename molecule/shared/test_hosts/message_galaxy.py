"""A Galaxy that meets its servers at a broker: the program on Galaxy's host, as a test sees it."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .galaxy import PYTHON
from .podman import PROGRAM, podman

CHECKOUT = Path(__file__).parents[3]
PROGRAM_OF_GALAXY = Path("molecule/shared/test_hosts/programs/meet_servers.py")
#: What the program imports.
PARTS = (
    "runtime/tests/files_api.py",
    "runtime/tests/interop/galaxy_client.py",
    "runtime/tests/interop/galaxy_job.py",
    "runtime/tests/interop/galaxy_side.py",
)
PLACE = "/opt/galaxy/tests"
ANSWER_LIMIT = 30.0
LOG_CHARACTERS_SHOWN = 6000


class GalaxyEnded(AssertionError):
    """The program has ended, or says nothing."""


class MessageGalaxy:
    """Sends requests to the program; its operations are described there."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def call(self, operation: str, **arguments: object) -> Any:  # noqa: ANN401 - any JSON
        """Have the program carry out an operation and return its result."""
        if self._process.stdin is None or self._process.stdout is None:
            raise TypeError("the program's input and output have to be pipes")
        with suppress(BrokenPipeError):  # It has ended, and says nothing more.
            self._process.stdin.write(json.dumps([operation, arguments]) + "\n")
            self._process.stdin.flush()
        answered = select.select([self._process.stdout], [], [], ANSWER_LIMIT)[0]
        line = self._process.stdout.readline() if answered else ""
        if not line:
            log = self._log.read_text(errors="replace")[-LOG_CHARACTERS_SHOWN:]
            raise GalaxyEnded(f"no answer to {operation} of {arguments}\n{log}")
        return json.loads(line)


@contextmanager
def message_galaxy(container: str, log: Path) -> Iterator[MessageGalaxy]:
    """Run the program on the host for as long as the block lasts; what it complains of is in *log*."""
    for part in (*PARTS, str(PROGRAM_OF_GALAXY)):
        place = f"{PLACE}/{part}"
        podman("exec", container, "mkdir", "-p", place.rpartition("/")[0])
        podman("cp", str(CHECKOUT / part), f"{container}:{place}")
    command = [str(PROGRAM), "exec", "--interactive", f"--env=PYTHONPATH={PLACE}", container, PYTHON]
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, f"{PLACE}/{PROGRAM_OF_GALAXY}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield MessageGalaxy(process, log)
    finally:
        # The program ends with its input.
        try:
            process.communicate(timeout=ANSWER_LIMIT)
        finally:
            process.kill()
