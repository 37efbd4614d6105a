"""Jobs whose files the server is to move, submitted over HTTP in the words of the protocol (section 4.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
import requests

from runtime.tests.files_api import FilesApi
from runtime.tests.live_server import LiveServer, wait_until

END_LIMIT = 40.0
ENDED = ("complete", "failed", "cancelled", "lost")

Status = Mapping[str, Any]


@attrs.define(kw_only=True)
class PulledJob:
    """One job; its paths on Galaxy's side are below ``/galaxy/<id>``."""

    server: LiveServer
    galaxy: FilesApi
    job_id: str
    action: str = "remote_transfer"
    setup: list[dict[str, object]] = attrs.field(factory=list)
    outputs: list[str] = attrs.field(factory=list)

    def path(self, name: str) -> str:
        """Return a path on Galaxy's side."""
        return f"/galaxy/{self.job_id}/{name}"

    def input(self, name: str, content: str | bytes) -> None:
        """Give the job an input, in ``../inputs``."""
        path = self.path(name)
        self.galaxy.write(path, content)
        action = {"action_type": "remote_transfer", "path": path, "source": {"path": path}}
        self.setup.append({"name": name, "type": "input", "action": {**action, "url": self.galaxy.url(path)}})

    def output(self, name: str) -> None:
        """Expect an output, in ``../outputs``."""
        self.outputs.append(self.path(name))

    def submit(self, command: str) -> None:
        """Set the job up and submit it, in one request."""
        staging = {
            "setup": self.setup,
            "action_mapper": {
                "default_action": self.action,
                "files_endpoint": self.galaxy.endpoint,
                "paths": [],
            },
            "client_outputs": {
                "working_directory": self.path("working"),
                "metadata_directory": self.path("metadata"),
                "job_directory": None,
                "work_dir_outputs": [],
                "output_files": self.outputs,
                "version_file": None,
                "dynamic_outputs": ["tool_stdout|tool_stderr", "found/.*"],
                "dynamic_file_sources": None,
                "dataset_collector_descriptions": [],
            },
        }
        streams = "> '../metadata/tool_stdout' 2> '../metadata/tool_stderr'"
        self._call(
            "POST",
            "submit",
            command_line=f"( {command} ) {streams}",
            remote_staging=json.dumps(staging),
            setup_params=json.dumps({"job_id": self.job_id}),
        )

    def status(self) -> Status:
        """Return what the server says of the job now."""
        answer: Status = self._call("GET", "status").json()
        return answer

    def cancel(self) -> None:
        """Ask for the end of the job."""
        self._call("PUT", "cancel")

    def wait(self) -> Status:
        """Wait for the end of the job and return its status, while the server may be away."""
        latest: list[Status] = [{"status": "never asked"}]

        def ended() -> bool:
            try:
                latest[0] = self.status()
            except requests.ConnectionError:
                return False
            return latest[0]["status"] in ENDED

        wait_until(ended, END_LIMIT, f"job {self.job_id} has ended", self.server)
        return latest[0]

    def sent(self, name: str) -> bytes:
        """Return a file on Galaxy's side."""
        return self.galaxy.file(self.path(name)).read_bytes()

    def _call(self, method: str, what: str, **parameters: str) -> requests.Response:
        answer = requests.request(
            method,
            f"{self.server.url}jobs/{self.job_id}/{what}",
            params={"job_id": self.job_id, "private_token": self.server.token, **parameters},
            timeout=30,
        )
        answer.raise_for_status()
        return answer
