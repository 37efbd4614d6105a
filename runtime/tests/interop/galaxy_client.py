"""The process in which one version of the client library plays Galaxy, as a test sees it."""

from __future__ import annotations

import json
import select
import subprocess
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("galaxy_side.py")
ANSWER_LIMIT = 45.0
LOG_CHARACTERS_SHOWN = 6000


class Refused(Exception):
    """The client library reports that the server refused a request."""

    def __init__(self, http_status: int | None) -> None:
        super().__init__(f"the server answered {http_status}")
        self.http_status = http_status


class GalaxyClient:
    """Sends requests to `galaxy_side.py`, which starts with the first one."""

    def __init__(self, python: Path, log: Path) -> None:
        self._command = [str(python), str(PROGRAM)]
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def call(self, operation: str, job: str, **arguments: object) -> dict[str, Any]:
        """Have the library carry out *operation* and return its result; raises `Refused`."""
        process = self._running()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"operation": operation, "job": job, "arguments": arguments}) + "\n")
        process.stdin.flush()
        answered = select.select([process.stdout], [], [], ANSWER_LIMIT)[0]
        line = process.stdout.readline() if answered else ""
        if not line:
            self.close()
            what = "ended" if answered else f"took longer than {ANSWER_LIMIT} s"
            raise AssertionError(f"the client {what} at {operation} of {job}\n{self._log_tail()}")
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
                )
        return self._process

    def _log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-LOG_CHARACTERS_SHOWN:]
