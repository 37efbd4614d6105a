"""A probe: one real job, with an input and two outputs, through a server's HTTP API.

Private to the collection. It runs on hosts that have Python 3.8 or later, Ansible's ``module_utils`` and
nothing of ours.
"""

from __future__ import annotations

import json
import shlex
import time
import uuid
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote

from .endpoint import Endpoint, EndpointError
from .probe_phase import ProbeFailed, timed_phase

_POLL_SECONDS = 0.1
#: The server itself waits up to 20 seconds for the processes of a job that it is to remove.
_CLEAN_SECONDS = 30.0
_TAIL_CHARACTERS = 2000

#: Why a job may stay in a state, to be asked of a probe that waited in vain.
_WAITS_FOR = {
    "preprocessing": "does the agent run?",
    "queued": "are all slots of the manager taken by other jobs, and does the agent run?",
    "running": "is the host overloaded, or does the manager's environment keep jobs from going on?",
    "postprocessing": "does the agent run?",
}


class ProbeJob:
    """Runs a job that copies its input to an output and says where it ran, and removes it in any case.

    *phases* are those begun so far, with their seconds; the last one is that which failed, if one did.
    """

    def __init__(self, endpoint: Endpoint, *, manager: str | None, user: str | None = None) -> None:
        self.phases: list[dict[str, Any]] = []
        self.job_id = f"probe-{uuid.uuid4().hex[:12]}"
        self.version = ""
        self.working_host = ""
        self.job_directory = ""
        self._endpoint = endpoint
        self._user = user
        self._prefix = f"/managers/{quote(manager, safe='')}" if manager else ""
        self._content = f"{uuid.uuid4().hex}\n".encode()
        self._directories: dict[str, str] = {}
        self._may_exist = False

    def ask_readiness(self) -> None:
        """Ask whether jobs would be run, and whether the token is accepted; changes nothing."""
        with self._phase("ready"):
            self._endpoint.ask("GET", f"{self._prefix}/readyz")
            self.version = str(self._endpoint.ask_json("GET", f"{self._prefix}/healthz").get("version", ""))

    def run(self) -> None:
        """Run the job, phase by phase; raises `ProbeFailed` at the first that goes wrong."""
        self.ask_readiness()
        try:
            with self._phase("setup"):
                self._setup()
            with self._phase("stage_in"):
                self._upload()
            with self._phase("submit"):
                self._submit()
            with self._phase("run"):
                self._wait_for_end()
            with self._phase("stage_out"):
                self._download()
        except ProbeFailed as exc:
            if not self._may_exist:
                raise
            streams, trouble = self._end()
            raise ProbeFailed(f"{exc}{trouble}", exc.streams or streams) from exc
        with self._phase("clean"):
            self._clean()

    def _phase(self, name: str) -> AbstractContextManager[None]:
        return timed_phase(self.phases, name)

    def _setup(self) -> None:
        query = {"job_id": self.job_id, "tool_id": "galaxyops.pulsar.pulsar_job"}
        self._may_exist = True
        try:
            answer = self._endpoint.ask_json("POST", f"{self._prefix}/jobs", query=query)
        except EndpointError as exc:
            self._may_exist = exc.status is None
            raise
        try:
            self.job_id = str(answer["job_id"])
            self._directories = {name: str(answer[f"{name}_directory"]) for name in ("inputs", "outputs")}
            self.job_directory = str(answer["job_directory"])
        except KeyError as exc:
            raise ProbeFailed(f"the answer to setup names no {exc}: is a Pulsar server at this URL?") from exc

    def _upload(self) -> None:
        query = {"name": "probe.txt", "type": "input"}
        self._endpoint.ask("POST", self._path("/files"), body=self._content, query=query)

    def _submit(self) -> None:
        source = shlex.quote(f"{self._directories['inputs']}/probe.txt")
        target = shlex.quote(f"{self._directories['outputs']}/probe.txt")
        query = {"command_line": f"cat {source} > {target} && uname -n > host.txt"}
        if self._user:
            query["params"] = json.dumps({"user": self._user})
        self._endpoint.ask("POST", self._path("/submit"), query=query)

    def _wait_for_end(self) -> None:
        while True:
            answer = self._endpoint.ask_json("GET", self._path("/status"))
            status = answer.get("status")
            if answer.get("complete") == "true":
                break
            if self._endpoint.seconds_left <= 0:
                question = _WAITS_FOR.get(str(status), "is it a Pulsar server?")
                raise ProbeFailed(f"the job is still {status} when the time is up: {question}")
            time.sleep(_POLL_SECONDS)
        if status != "complete" or answer.get("returncode") != 0:
            raise ProbeFailed(
                f"the job ended as {status} with return code {answer.get('returncode')}: "
                "what it printed says why, or the server's log",
                _streams(answer),
            )

    def _download(self) -> None:
        received = self._file("probe.txt", "output")
        if received != self._content:
            raise ProbeFailed(f"the output is {received[:80]!r}, and the input was {self._content!r}")
        self.working_host = self._file("host.txt", "output_workdir").decode("utf-8", "replace").strip()

    def _file(self, name: str, path_type: str) -> bytes:
        return self._endpoint.ask("GET", self._path("/files"), query={"name": name, "type": path_type})

    def _clean(self) -> None:
        self._endpoint.extend(_CLEAN_SECONDS)
        self._endpoint.ask("DELETE", self._path(""))

    def _end(self) -> tuple[dict[str, str], str]:
        """Cancel and remove a job that failed; return what it printed, and why it stays if it does."""
        streams: dict[str, str] = {}
        try:
            self._endpoint.extend(_CLEAN_SECONDS)
            self._endpoint.ask("PUT", self._path("/cancel"))
            streams = _streams(self._endpoint.ask_json("GET", self._path("/status")))
            self._endpoint.ask("DELETE", self._path(""))
        except EndpointError as exc:
            return streams, f". Job {self.job_id} could not be removed either: {exc}"
        return streams, ""

    def _path(self, rest: str) -> str:
        return f"{self._prefix}/jobs/{quote(self.job_id, safe='')}{rest}"


def _streams(answer: dict[str, Any]) -> dict[str, str]:
    """Return the ends of what a job printed, as its status has them; those of one that goes on are empty."""
    return {
        name: str(answer.get(f"job_{name}") or answer.get(name) or "")[-_TAIL_CHARACTERS:]
        for name in ("stdout", "stderr")
    }
