"""The protocol's requests, one method each, with exact control over what is sent."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import attrs

from runtime.tests.bad_input.answers import Answer, read_answer
from runtime.tests.live_server import LiveServer, wait_until

ENDED = ("complete", "cancelled", "failed", "lost")
ANSWER_LIMIT = 30.0
END_LIMIT = 30.0

_numbers = itertools.count(1)


def new_id() -> str:
    """Return a job id that no other test uses."""
    return f"bad-{next(_numbers)}"


@attrs.frozen(kw_only=True)
class Api:
    """A client of one manager, with a connection for each request."""

    server: LiveServer
    manager: str | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | bytes] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: float = ANSWER_LIMIT,
    ) -> Answer:
        """Send a request whose *path* is used as it is, with the token."""
        prefix = "" if self.manager is None else f"/managers/{self.manager}"
        parameters = {"private_token": self.server.token, **(query or {})}
        return ask(
            self.server,
            method,
            f"{prefix}{path}?{urlencode(parameters)}",
            body=body,
            headers=headers,
            limit=limit,
        )

    def setup(self, job_id: str) -> Path:
        """Announce a job; return its directory."""
        answer = self.ask("POST", "/jobs", query={"job_id": job_id})
        assert answer.code == 200, answer
        return Path(str(answer.json["job_directory"]))

    def submit(self, job_id: str, command: str, **parameters: object) -> Answer:
        """Hand over a command; further parameters are sent as JSON."""
        texts = {name: json.dumps(value) for name, value in parameters.items()}
        return self.ask("POST", job_path(job_id, "/submit"), query={"command_line": command, **texts})

    def status(self, job_id: str) -> dict[str, object]:
        """Return the status of a job, which every job has."""
        answer = self.ask("GET", job_path(job_id, "/status"))
        assert answer.code == 200, answer
        return answer.json

    def wait(self, job_id: str, *until: str, limit: float = END_LIMIT) -> dict[str, object]:
        """Poll until the status is one of *until*, or else until the job has ended."""
        latest: list[dict[str, object]] = []

        def reached() -> bool:
            latest[:] = [self.status(job_id)]
            return latest[0]["status"] in (until or ENDED)

        wait_until(reached, limit, f"job {job_id} is {' or '.join(until or ENDED)}", self.server)
        return latest[0]

    def run(self, command: str, job_id: str | None = None, **parameters: object) -> dict[str, object]:
        """Take a job from its setup to its end; return the last status."""
        job_id = job_id or new_id()
        self.setup(job_id)
        answer = self.submit(job_id, command, **parameters)
        assert (answer.code, answer.body) == (200, b"OK")
        return self.wait(job_id)

    def upload(
        self, job_id: str, name: str | bytes, path_type: str, body: bytes = b"uploaded", **more: str
    ) -> Answer:
        """Send a file."""
        query = {"name": name, "type": path_type, **more}
        return self.ask("POST", job_path(job_id, "/files"), query=query, body=body)

    def download(
        self, job_id: str, name: str, path_type: str = "output", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Fetch a file."""
        query = {"name": name, "type": path_type}
        return self.ask("GET", job_path(job_id, "/files"), query=query, headers=headers)

    def path(self, job_id: str, name: str, path_type: str) -> Answer:
        """Ask where a file lies."""
        return self.ask("GET", job_path(job_id, "/files/path"), query={"name": name, "type": path_type})

    def cancel(self, job_id: str) -> Answer:
        """Ask for the end of a job."""
        return self.ask("PUT", job_path(job_id, "/cancel"))

    def clean(self, job_id: str) -> Answer:
        """Remove a job."""
        return self.ask("DELETE", job_path(job_id))


def ask(
    server: LiveServer,
    method: str,
    target: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limit: float = ANSWER_LIMIT,
) -> Answer:
    """Send one request whose target is used as it is, without a token."""
    connection = http.client.HTTPConnection(server.bind, timeout=limit)
    try:
        connection.request(method, target, body, dict(headers or {}))
        return read_answer(connection.getresponse())
    finally:
        connection.close()


def job_path(job_id: str, rest: str = "") -> str:
    """Return the path of a job's resource."""
    return f"/jobs/{quote(job_id, safe='')}{rest}"
