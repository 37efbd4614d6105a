"""The phases of a probe, and the error that ends one. Private to the collection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from .endpoint import EndpointError

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class Probe(Protocol):
    """Something that is tried in phases, which it lists as they begin."""

    phases: list[dict[str, Any]]

    def ask_readiness(self) -> None:
        """Take the phases that change nothing."""

    def run(self) -> None:
        """Take all phases."""


class ProbeFailed(Exception):
    """A phase of a probe went wrong; what the job printed is in *streams*."""

    def __init__(self, message: str, streams: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.streams = streams or {}


@contextmanager
def timed_phase(phases: list[dict[str, Any]], name: str) -> Iterator[None]:
    """Add a phase to *phases*, with its seconds; a request that goes wrong in it ends the probe."""
    phase = {"name": name, "seconds": 0.0}
    phases.append(phase)
    started = time.monotonic()
    try:
        yield
    except EndpointError as exc:
        raise ProbeFailed(str(exc)) from exc
    finally:
        phase["seconds"] = round(time.monotonic() - started, 3)


def run_probe(module: AnsibleModule, probe: Probe, results: Callable[[], dict[str, Any]]) -> None:
    """Run a probe, or in check mode only what changes nothing, and end the module with its *results*."""
    try:
        if module.check_mode:
            probe.ask_readiness()
        else:
            probe.run()
    except ProbeFailed as exc:
        phase = probe.phases[-1]["name"]
        streams = {f"job_{name}": text for name, text in exc.streams.items() if text}
        module.fail_json(msg=f"{phase}: {exc}", phase=phase, **streams, **results())
    module.exit_json(changed=False, **results())
