"""A probe of Galaxy: a tool is run through its API, wherever Galaxy sends it. Private to the collection."""

from __future__ import annotations

import time
import uuid
from collections.abc import Container, Mapping
from contextlib import AbstractContextManager
from typing import Any

from .endpoint import EndpointError
from .galaxy_api import GalaxyApi
from .probe_phase import ProbeFailed, timed_phase

#: A tool that every Galaxy comes with, and whose output is its input.
COPYING_TOOL = "cat1"
_INPUT_NAME = "galaxyops.pulsar probe"
_FIRST_POLL_SECONDS = 0.1
_LONGEST_POLL_SECONDS = 2.0
_CLEAN_SECONDS = 30.0
_TAIL_CHARACTERS = 2000

#: States of a job of Galaxy's that it leaves by itself (``galaxy.schema.schema.JobState``).
_NOT_RUNNING = frozenset({"new", "resubmitted", "upload", "waiting", "queued"})
_NOT_ENDED = _NOT_RUNNING | {"running"}

#: Why a job may stay in a state, to be asked of a probe that waited in vain.
_WAITS_FOR = {
    "new": "does a job handler run, and has the user or the environment reached a limit?",
    "queued": "does the server take jobs now, and does Galaxy reach it or its broker?",
    "running": "is the server still there, and can it send its results to Galaxy?",
}


class GalaxyProbe:
    """Runs a tool on a dataset of its own, in a history of its own, and removes both in any case.

    *phases* are those begun so far, with their seconds; the last one is that which failed, if one did. *job*
    is what Galaxy tells of the job, *destination* where it was sent; that is empty if the key is not an
    administrator's.
    """

    def __init__(
        self,
        galaxy: GalaxyApi,
        *,
        tool_id: str,
        input_name: str,
        inputs: Mapping[str, Any],
        runner: str | None,
    ) -> None:
        self.phases: list[dict[str, Any]] = []
        self.version = ""
        self.job: dict[str, Any] = {}
        self.destination: dict[str, Any] = {}
        self._galaxy = galaxy
        self._tool_id = tool_id
        self._input_name = input_name
        self._inputs = inputs
        self._runner = runner
        self._content = f"{uuid.uuid4().hex}\n"
        self._history_id = ""

    def ask_readiness(self) -> None:
        """Ask whether Galaxy is there, knows the key, and has the tool; changes nothing."""
        with self._phase("ready"):
            self.version = self._galaxy.version()
            self._galaxy.require_user()
            self._galaxy.require_tool(self._tool_id)

    def run(self) -> None:
        """Run the tool, phase by phase; raises `ProbeFailed` at the first that goes wrong."""
        self.ask_readiness()
        try:
            self._run()
        except ProbeFailed as exc:
            raise ProbeFailed(f"{exc}{self._end()}", exc.streams) from exc
        with self._phase("clean"):
            self._galaxy.extend(_CLEAN_SECONDS)
            self._galaxy.purge_history(self._history_id)

    def _run(self) -> None:
        with self._phase("upload"):
            self._history_id = self._galaxy.create_history(_INPUT_NAME)
            inputs = {**self._inputs, **self._dataset()}
        with self._phase("submit"):
            job_id, output_id = _first(self._galaxy.run_tool(self._history_id, self._tool_id, inputs))
        with self._phase("queue"):
            self.job = self._wait(job_id, _NOT_RUNNING)
        with self._phase("run"):
            self.job = self._wait(job_id, _NOT_ENDED)
            self.destination = self._where(job_id)
            self._require_ok("the job")
        with self._phase("check"):
            self._check(output_id)

    def _dataset(self) -> dict[str, Any]:
        """Return the input that is a dataset of ours, if the tool takes one."""
        if not self._input_name:
            return {}
        job_id, dataset_id = _first(self._galaxy.upload(self._history_id, _INPUT_NAME, self._content))
        self.job = self._wait(job_id, _NOT_ENDED)
        self._require_ok("the upload, which Galaxy does in a job, too,")
        return {self._input_name: {"src": "hda", "id": dataset_id}}

    def _wait(self, job_id: str, states: Container[str]) -> dict[str, Any]:
        """Return a job once it is in none of these states."""
        pause = _FIRST_POLL_SECONDS
        while True:
            self.job = self._galaxy.job(job_id)
            state = str(self.job.get("state"))
            if state not in states:
                return self.job
            if self._galaxy.seconds_left <= 0:
                question = _WAITS_FOR.get(state, "what do Galaxy's logs say?")
                raise ProbeFailed(f"job {job_id} is still {state} when the time is up: {question}")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL_SECONDS)

    def _where(self, job_id: str) -> dict[str, Any]:
        try:
            return self._galaxy.job_destination(job_id)
        except EndpointError as exc:
            if exc.status not in (401, 403):
                raise
            return {}

    def _require_ok(self, what: str) -> None:
        if self.job.get("state") == "ok":
            return
        streams = {
            name: str(self.job.get(f"tool_{name}") or self.job.get(name) or "")[-_TAIL_CHARACTERS:]
            for name in ("stdout", "stderr")
        }
        raise ProbeFailed(
            f"{what} ended as {self.job.get('state')} with exit code {self.job.get('exit_code')}: "
            "what it printed says why, or the logs of Galaxy's job handlers",
            streams,
        )

    def _check(self, output_id: str) -> None:
        if self._runner:
            self._require_runner(self._runner)
        if self._tool_id != COPYING_TOOL:
            return
        received = self._galaxy.dataset(self._history_id, output_id)
        if received != self._content.encode():
            raise ProbeFailed(f"the output is {received[:80]!r}, and the input was {self._content!r}")

    def _require_runner(self, runner: str) -> None:
        if not self.destination:
            raise ProbeFailed(
                "Galaxy tells only administrators where a job went: use the key of one, or leave runner out"
            )
        if self.destination.get("Runner") != runner:
            raise ProbeFailed(
                f"the job went to the runner {self.destination.get('Runner')} in place of {runner}: does "
                f"Galaxy's configuration route {self._tool_id} there for this user, and was it read again?"
            )

    def _end(self) -> str:
        """Cancel and remove what a failed probe left; return why something stays, if it does."""
        if not self._history_id:
            return ""
        try:
            self._galaxy.extend(_CLEAN_SECONDS)
            if self.job.get("state") in _NOT_ENDED:
                self._galaxy.cancel_job(str(self.job["id"]))
            self._galaxy.purge_history(self._history_id)
        except EndpointError as exc:
            return f". The history {_INPUT_NAME} could not be removed either: {exc}"
        return ""

    def _phase(self, name: str) -> AbstractContextManager[None]:
        return timed_phase(self.phases, name)


def _first(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ids of the job that Galaxy made and of its first dataset; that is empty if it makes none."""
    jobs = answer.get("jobs", ())
    if len(jobs) != 1:
        raise ProbeFailed(
            f"Galaxy made {len(jobs)} jobs where it was to make one: do the inputs fit the tool?"
        )
    outputs = answer.get("outputs") or [{}]
    return str(jobs[0]["id"]), str(outputs[0].get("id", ""))
