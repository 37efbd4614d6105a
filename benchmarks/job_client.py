"""The calls of a client that the measurements make, the same for both servers (protocol section 1.4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import attrs

from benchmarks.connection import OK, Connection, Response
from benchmarks.deadline import Deadline
from benchmarks.failure import MeasurementFailed


@attrs.frozen
class Status:
    """What a status request answered."""

    word: str
    ended: bool
    return_code: int | None


@attrs.frozen
class JobClient:
    """Drive jobs over one connection; every answer but 200 is a failed measurement."""

    connection: Connection
    token: str

    @classmethod
    def to(cls, port: int, token: str) -> Self:
        """Return a client for the server on a local port; it connects when it has something to say."""
        return cls(connection=Connection(port), token=token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def setup(self, job_id: str) -> dict[str, Path]:
        """Set a job up and return its directories by their wire names."""
        answer = json.loads(self._call("POST", "/jobs", job_id=job_id, use_metadata="true").body)
        return {key: Path(value) for key, value in answer.items() if key.endswith("_directory")}

    def submit(self, job_id: str, command_line: str) -> None:
        """Submit a command line without staging."""
        self._call("POST", f"/jobs/{job_id}/submit", job_id=job_id, command_line=command_line)

    def status(self, job_id: str) -> Status:
        """Ask once."""
        answer = json.loads(self._call("GET", f"/jobs/{job_id}/status", job_id=job_id).body)
        return Status(
            word=answer["status"],
            ended=answer["complete"] == "true",
            return_code=answer.get("returncode"),
        )

    def status_target(self, job_id: str) -> str:
        """Return the target of a status request, for a client that asks by itself."""
        return self._target(f"/jobs/{job_id}/status", job_id=job_id)

    def wait_until(self, job_id: str, word: str, deadline: Deadline, *, every: float) -> Status:
        """Poll until the status is ``word``; another end is a failed measurement."""
        while True:
            status = self.status(job_id)
            if status.word == word:
                return status
            if status.ended:
                raise MeasurementFailed(f"job {job_id} is {status.word}, not {word}")
            deadline.pause(every)

    def clean(self, job_id: str) -> None:
        """Remove the job's directory."""
        self._call("DELETE", f"/jobs/{job_id}", job_id=job_id)

    def upload(self, job_id: str, name: str, body: bytes) -> Path:
        """Upload an input and return where the server put it."""
        answer = self._call("POST", f"/jobs/{job_id}/files", body, job_id=job_id, name=name, type="input")
        return Path(json.loads(answer.body)["path"])

    def upload_repeated(self, job_id: str, name: str, block: bytes, count: int) -> Path:
        """Upload an input of ``block``, ``count`` times, and return where the server put it."""
        target = self._target(f"/jobs/{job_id}/files", job_id=job_id, name=name, type="input")
        answer = self.connection.request("POST", target, block, repeat=count)
        return Path(json.loads(_accepted(answer, "POST", target).body)["path"])

    def download(self, job_id: str, name: str) -> int:
        """Download an output and return its size."""
        target = self._target(f"/jobs/{job_id}/files", job_id=job_id, name=name, type="output")
        return self.connection.fetch_and_discard(target)

    def _call(self, method: str, path: str, body: bytes = b"", **parameters: str) -> Response:
        target = self._target(path, **parameters)
        return _accepted(self.connection.request(method, target, body), method, target)

    def _target(self, path: str, **parameters: str) -> str:
        return f"{path}?{urlencode({**parameters, 'private_token': self.token})}"


def _accepted(response: Response, method: str, target: str) -> Response:
    if response.status != OK:
        path = target.partition("?")[0]
        raise MeasurementFailed(f"{method} {path}: status {response.status}")
    return response
