"""What a job leaves in its directory of how it ended, and what is added there for its user."""

from __future__ import annotations

import contextlib
import os
import re

#: The code of a job that was ended by force and of which nobody knows another: SIGKILL, as a shell says it.
_KILLED = 128 + 9

_LONGEST_CODE = 16
_CODE = re.compile(rb"\d{1,3}\n")


def return_code(job_directory: str) -> int | None:
    """Return the exit status that the job script wrote last, if it is whole."""
    # A link that the job left is not followed, and a FIFO holds nobody.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(f"{job_directory}/return_code", flags)
    except OSError:
        return None
    try:
        text = os.read(descriptor, _LONGEST_CODE)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return int(text) if _CODE.fullmatch(text) else None


def killed_code(job_directory: str) -> int | None:
    """Return the code of a job that was ended by force; None if its script never began."""
    return _KILLED if os.path.exists(f"{job_directory}/started") else None


def explain(stderr: str, cause: str) -> None:
    """Add why a job ended to its error stream, where its user looks."""
    # The same is in the store; a disk that is full must not keep the job from ending.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        descriptor = os.open(stderr, flags, 0o666)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"pulsar: {cause}\n")
