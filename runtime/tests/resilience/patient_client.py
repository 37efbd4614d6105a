"""A client that asks again for as long as it is not answered OK, as Galaxy's job handler does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import attrs
import requests

from runtime.tests.live_server import LiveServer

ANSWER_LIMIT = 40.0
PAUSE = 0.02


@attrs.frozen
class PatientClient:
    """One client of one server; each thread needs its own.

    No answer, a broken one and 503 are what a client has to live with while a server is restarted. Any
    other answer than OK is an error of the server.
    """

    server: LiveServer
    session: requests.Session
    manager: str = "_default_"

    def setup(self, job_id: str) -> None:
        """Announce a job."""
        self.ask("POST", "jobs", job_id=job_id)

    def upload(self, job_id: str, path_type: str, name: str, content: bytes) -> None:
        """Upload a file."""
        self.ask("POST", f"jobs/{job_id}/files", content, name=name, type=path_type)

    def submit(self, job_id: str, command_line: str) -> None:
        """Hand over the command."""
        answer = self.ask("POST", f"jobs/{job_id}/submit", command_line=command_line)
        assert answer.text == "OK"

    def status(self, job_id: str) -> Mapping[str, object]:
        """Return what the server says of a job."""
        answer: Mapping[str, object] = self.ask("GET", f"jobs/{job_id}/status").json()
        return answer

    def end(self, job_id: str, limit: float) -> Mapping[str, object]:
        """Wait for the end of a job, and return what the server says of it."""
        deadline = time.monotonic() + limit
        while (answer := self.status(job_id))["complete"] != "true":
            if time.monotonic() > deadline:
                raise AssertionError(f"job {job_id} has not ended: {answer}\n{self.server.log_tail()}")
            time.sleep(PAUSE)
        return answer

    def download(self, job_id: str, name: str) -> bytes:
        """Return an output of a job."""
        return self.ask("GET", f"jobs/{job_id}/files", name=name, type="output").content

    def cancel(self, job_id: str) -> None:
        """End a job."""
        self.ask("PUT", f"jobs/{job_id}/cancel")

    def clean(self, job_id: str) -> None:
        """Remove a job."""
        self.ask("DELETE", f"jobs/{job_id}")

    def ask(self, method: str, path: str, body: bytes = b"", **parameters: str) -> requests.Response:
        """Send a request until it is answered OK."""
        url = f"{self.server.url}managers/{self.manager}/{path}"
        deadline = time.monotonic() + ANSWER_LIMIT
        while True:
            try:
                answer = self.session.request(
                    method,
                    url,
                    params={"private_token": self.server.token, **parameters},
                    data=body,
                    timeout=ANSWER_LIMIT,
                )
            except requests.RequestException as error:
                problem = str(error)
            else:
                if answer.status_code == 200:
                    return answer
                problem = f"{answer.status_code} {answer.text}"
                if answer.status_code != 503:
                    break
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE)
        raise AssertionError(f"{method} {path}: {problem}\n{self.server.log_tail()}")


@contextmanager
def patient_client(server: LiveServer, manager: str = "_default_") -> Iterator[PatientClient]:
    """Provide a client for as long as the block lasts."""
    with requests.Session() as session:
        yield PatientClient(server, session, manager)
