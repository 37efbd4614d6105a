"""The phases of a probe, and the error that ends one. Private to the collection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .endpoint import EndpointError


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
