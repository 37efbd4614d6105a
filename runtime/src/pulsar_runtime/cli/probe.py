"""A probe: one real job through the HTTP API, phase by phase."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator

import attrs
import requests

_POLL_SECONDS = 0.1


@attrs.frozen(kw_only=True)
class Phase:
    """One step of a probe that went well."""

    name: str
    seconds: float
    detail: str = ""


class ProbeFailed(Exception):
    """A step of a probe that did not."""

    def __init__(self, phase: str, message: str) -> None:
        self.phase = phase
        super().__init__(message)

    def as_json(self) -> str:
        """Return the failure as one JSON document."""
        return json.dumps({"ok": False, "phase": self.phase, "error": str(self)})


class Probe:
    """Runs a job that copies its input to its output, and checks what comes back.

    The token travels in a header, and is in no message. Any server of the protocol can be probed that
    takes a token this way or needs none.
    """

    def __init__(self, url: str, *, manager: str | None, token: str | None, timeout_seconds: float) -> None:
        base = url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"
        self._base = f"{base}/managers/{manager}" if manager else base
        self._deadline = time.monotonic() + timeout_seconds
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._job_id = f"check-{uuid.uuid4().hex[:12]}"
        self._sent = uuid.uuid4().hex.encode() + b"\n"
        self._job: dict[str, str] = {}
        self._done: list[Phase] = []

    def phases(self) -> Iterator[Phase]:
        """Run the phases one by one; raises `ProbeFailed` at the first that fails."""
        steps: list[tuple[str, Callable[[], str]]] = [
            ("health", self._health),
            ("setup", self._setup),
            ("upload", self._upload),
            ("submit", self._submit),
            ("run", self._run),
            ("download", self._download),
            ("clean", self._clean),
        ]
        for name, step in steps:
            started = time.monotonic()
            try:
                detail = step()
            except (requests.RequestException, ValueError, KeyError) as exc:
                raise ProbeFailed(name, str(exc)) from exc
            phase = Phase(name=name, seconds=time.monotonic() - started, detail=detail)
            self._done.append(phase)
            yield phase

    def as_json(self) -> str:
        """Return what was done as one JSON document."""
        return json.dumps({"ok": True, "phases": [attrs.asdict(phase) for phase in self._done]})

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
        self._ask(
            "POST", self._path("/submit"), command_line=f"cat '{source}/probe.txt' > '{target}/probe.txt'"
        )
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
