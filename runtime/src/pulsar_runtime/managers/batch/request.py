"""From what a manager and a Galaxy destination say to what a batch system is asked for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from string import Template

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.dialect import Dialect, Request
from pulsar_runtime.managers.identity import launch_mark

_MEGABYTES = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}
_MEMORY = re.compile(r"(\d{1,9})\s*(?:([KMGT])(?:i?B)?)?", re.IGNORECASE)

#: Every batch system takes these in names; the first must be a letter for some.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


def job_name(dialect: Dialect, template: str, spec: LaunchSpec, identity: str) -> str:
    """Return the name by which a launch is found again: for people in front, for us behind the last dot."""
    mark = launch_mark(identity, spec.launch_id)
    front = _NOT_IN_NAMES.sub("_", Template(template).safe_substitute(job_id=spec.job_id))
    if not front[:1].isalpha():
        front = f"j{front}"
    return f"{front[: dialect.longest_name - len(mark) - 1]}.{mark}"


def job_request(name: str, options: tuple[str, ...], parameters: Mapping[str, str]) -> Request:
    """Return the request for a job; *options* are its manager's.

    Raises `SubmitRejected` for parameters that cannot be read or that nobody would look at.
    """
    unknown = sorted(set(parameters) - _READ)
    if unknown:
        known = ", ".join(f"submit_{key}" for key in sorted(_READ))
        raise SubmitRejected(f"submit_{unknown[0]} means nothing to this manager; it reads {known}")
    native = parameters.get("native_specification", "")
    try:
        words = shlex.split(native)
    except ValueError as exc:
        raise SubmitRejected(f"submit_native_specification cannot be read: {exc}: {native!r}") from exc
    return Request(
        name=name,
        options=options,
        native=tuple(words),
        cpus=_cpus(parameters),
        memory_mb=_memory(parameters),
    )


_READ = frozenset({"native_specification", "request_cpus", "request_memory"})


def _cpus(parameters: Mapping[str, str]) -> int | None:
    text = parameters.get("request_cpus", "").strip()
    if text and not re.fullmatch(r"[1-9]\d{0,5}", text):
        raise SubmitRejected(f"submit_request_cpus must be a whole number of CPUs, not {text!r}")
    return int(text) if text else None


def _memory(parameters: Mapping[str, str]) -> int | None:
    """Read megabytes, or a number with a unit; a unit that HTCondor knows is known here too."""
    text = parameters.get("request_memory", "").strip()
    if not text:
        return None
    match = _MEMORY.fullmatch(text)
    if match is None or not int(match[1]):
        raise SubmitRejected(f"submit_request_memory must be megabytes, or like 4GB, not {text!r}")
    return max(1, round(int(match[1]) * _MEGABYTES[(match[2] or "M").upper()]))
