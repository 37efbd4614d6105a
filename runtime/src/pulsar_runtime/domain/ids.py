"""Identifiers from outside, parsed once and trusted afterwards."""

from __future__ import annotations

from typing import NewType

from pulsar_runtime.domain.errors import MalformedRequest

#: The identifier that a client uses for a job: one path component, at most 255 bytes.
JobId = NewType("JobId", str)

#: The name of a configured manager.
ManagerName = NewType("ManagerName", str)

#: A manager's own identifier of a job it was given.
ExternalId = NewType("ExternalId", str)

DEFAULT_MANAGER = ManagerName("_default_")

#: The longest file name on the file systems we know (NAME_MAX of Linux).
_LONGEST_NAME_BYTES = 255

_CONTROLS = frozenset(map(chr, (*range(32), 127)))


def parse_job_id(text: str) -> JobId:
    """Accept *text* as a job id, or raise `MalformedRequest`.

    The id names a directory, so it must be one component that is neither ``.`` nor ``..``, holds no
    control characters, and fits into a file name.
    """
    if text in ("", ".", ".."):
        raise MalformedRequest(f"job_id {text!r} is not usable: give a name of at least one letter or digit")
    if "/" in text or any(character in _CONTROLS for character in text):
        raise MalformedRequest(
            "job_id holds '/' or control characters: use letters, digits, '-', '_' and '.'"
        )
    try:
        size = len(text.encode())
    except UnicodeEncodeError as exc:
        raise MalformedRequest("job_id is not text that has a form in UTF-8") from exc
    if size > _LONGEST_NAME_BYTES:
        raise MalformedRequest(f"job_id is longer than {_LONGEST_NAME_BYTES} bytes")
    return JobId(text)
