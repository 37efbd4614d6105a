"""What became of one submission, a line each, by whoever knows it first; it outlives the agent.

``begun`` before the batch system is asked, ``number`` once it has answered, ``ended`` when it said how the
job ended. Only the standard library, as `library`.
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple


class Journal(NamedTuple):
    """What a journal says."""

    begun: bool = False
    number: str | None = None
    #: As `library.Ended`, without the number.
    ended: dict[str, Any] | None = None
    #: Why the last attempt was refused, and if that was the library, whether another one may not be.
    refused: str = ""
    transient: bool | None = None


def note(path: str, **entry: object) -> None:
    """Add a line, in one write."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{json.dumps(entry)}\n".encode())
    finally:
        os.close(descriptor)


def read(path: str) -> Journal:
    """Read a journal; one that is not there says nothing."""
    entries: dict[str, Any] = {}
    try:
        with open(path, encoding="utf-8") as file:
            # A line without its end is cut off.
            for line in file.read().split("\n")[:-1]:
                entries |= json.loads(line)
    except FileNotFoundError:
        return Journal()
    return Journal(**{name: entries[name] for name in Journal._fields if name in entries})
