"""A probe job through the HTTP API."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence

import requests

from pulsar_runtime.cli.probe import Step

_POLL_SECONDS = 0.1


class HttpProbe:
    """A job that copies its input to its output, and checks what comes back.

    The token travels in a header, and is in no message. Any server of the protocol can be probed that
    takes a token this way or needs none.
    """

    def __init__(
        self, url: str, *, manager: str | None, user: str | None, token: str | None, timeout_seconds: float
    ) -> None:
        base = url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"
        self._base = f"{base}/managers/{manager}" if manager else base
        self._user = user
        self._deadline = time.monotonic() + timeout_seconds
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._job_id = f"check-{uuid.uuid4().hex[:12]}"
        self._sent = uuid.uuid4().hex.encode() + b"\n"
        self._job: dict[str, str] = {}

    def looking(self) -> Sequence[Step]:
        """Return the step that asks for the server's health, and has the token looked at."""
        return [Step("health", self._health)]

    def running(self) -> Sequence[Step]:
        """Return the steps of a client that sends files, runs a job, and fetches files."""
        return [
            Step("setup", self._setup),
            Step("upload", self._upload),
            Step("submit", self._submit),
            Step("run", self._run),
            Step("download", self._download),
            Step("clean", self._clean),
        ]

    def _health(self) -> str:
        return f"version {self._ask('GET', '/healthz').json()['version']}"

    def _setup(self) -> str:
        self._job = self._ask("POST", "/jobs", job_id=self._job_id, tool_id="pulsar-runtime-check").json()
        self._job_id = self._job["job_id"]
        return self._job["job_directory"]

    def _upload(self) -> str:
        place = self._ask("POST", self._path("/files"), self._sent, name="probe.txt", type="input").json()
        return str(place["path"])

    def _submit(self) -> str:
        source, target = self._job["inputs_directory"], self._job["outputs_directory"]
        command = f"cat '{source}/probe.txt' > '{target}/probe.txt'"
        params = json.dumps({"user": self._user} if self._user else {})
        self._ask("POST", self._path("/submit"), command_line=command, params=params)
        return ""

    def _run(self) -> str:
        while True:
            status = self._ask("GET", self._path("/status")).json()
            if status["complete"] == "true":
                break
            if time.monotonic() >= self._deadline:
                raise ValueError(
                    f"the job is still {status['status']}: does an agent run, and is its manager free? "
                    f"Job {self._job_id} was left as it is"
                )
            time.sleep(_POLL_SECONDS)
        if status["status"] != "complete" or status["returncode"] != 0:
            raise ValueError(
                f"the job ended as {status['status']} with return code {status['returncode']}: "
                f"{status['job_stderr'] or status['stderr'] or 'it left no message'}"
            )
        return f"return code {status['returncode']}"

    def _download(self) -> str:
        received = self._ask("GET", self._path("/files"), name="probe.txt", type="output").content
        if received != self._sent:
            raise ValueError(f"the output differs from the input: {received[:80]!r} is not {self._sent!r}")
        return f"{len(received)} bytes, as sent"

    def _clean(self) -> str:
        self._ask("DELETE", self._path(""))
        return ""

    def _path(self, rest: str) -> str:
        return f"/jobs/{self._job_id}{rest}"

    def _ask(self, method: str, path: str, body: bytes | None = None, **parameters: str) -> requests.Response:
        left = max(0.1, self._deadline - time.monotonic())
        response = self._session.request(
            method, self._base + path, params=parameters, data=body, timeout=left, allow_redirects=False
        )
        if response.status_code != requests.codes.ok:
            raise ValueError(f"{method} {path} was answered {response.status_code}: {response.text[:300]}")
        return response
