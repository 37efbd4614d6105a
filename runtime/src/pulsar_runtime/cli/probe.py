"""A probe: one real job through a server, phase by phase."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import attrs

from pulsar_runtime.domain.errors import PulsarRuntimeError


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


@attrs.frozen
class Step:
    """What is to be done, under a name; it returns a detail worth telling.

    It fails with an `OSError`, `ValueError` or `KeyError`, or with one of our errors.
    """

    name: str
    act: Callable[[], str]


class Way(Protocol):
    """How jobs come to a server."""

    def looking(self) -> Sequence[Step]:
        """Return the steps that find out whether the server is there; they change nothing."""

    def running(self) -> Sequence[Step]:
        """Return the steps that run a job and remove it."""


class Probe:
    """Runs a job one way and checks what comes back; *dry_run* looks only whether the server is there."""

    def __init__(self, way: Way, *, dry_run: bool) -> None:
        self._steps = [*way.looking(), *([] if dry_run else way.running())]
        self._done: list[Phase] = []

    def phases(self) -> Iterator[Phase]:
        """Run the phases one by one; raises `ProbeFailed` at the first that fails."""
        for step in self._steps:
            started = time.monotonic()
            try:
                detail = step.act()
            except (OSError, ValueError, KeyError, PulsarRuntimeError) as exc:
                raise ProbeFailed(step.name, str(exc)) from exc
            phase = Phase(name=step.name, seconds=time.monotonic() - started, detail=detail)
            self._done.append(phase)
            yield phase

    def as_json(self) -> str:
        """Return what was done as one JSON document."""
        return json.dumps({"ok": True, "phases": [attrs.asdict(phase) for phase in self._done]})
