"""Finding and ending all processes of a launch, also those that left its session.

As a program, ``processes MARK SIGNAL [SPARED ...]``, it does so for the user who runs it, and prints the ids
of the processes that are left. It is installed by itself, so it uses the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Collection, Sequence

#: In the environment of every process of a launch; its value is the launch's mark.
MARK_VARIABLE = "PULSAR_RUNTIME_LAUNCH"


def members(mark: str, keeper: int | None) -> set[int]:
    """Return the processes of a launch, except its keeper.

    They are those that carry the mark, those in the keeper's session, and the children of either.
    *keeper* is given only while it lives, for a dead one's number may belong to a stranger.
    """
    parents: dict[int, int] = {}
    found: set[int] = set()
    needle = f"{MARK_VARIABLE}={mark}".encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        pid = int(entry)
        status = _status(pid)
        if status is None:
            continue
        parents[pid], session = status
        if (keeper is not None and session == keeper) or needle in _environment(pid):
            found.add(pid)
    grew = True
    while grew:
        children = {pid for pid, parent in parents.items() if parent in found} - found
        found |= children
        grew = bool(children)
    found.discard(keeper or 0)
    return found


def send(pids: Collection[int], number: signal.Signals, mark: str, keeper: int | None) -> None:
    """Send a signal to processes that, once they are held fast, still belong to the launch."""
    held: dict[int, int] = {}
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                held[pid] = os.pidfd_open(pid)
        for pid in members(mark, keeper):
            if pid in held:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    signal.pidfd_send_signal(held[pid], number)
    finally:
        for descriptor in held.values():
            os.close(descriptor)


def _status(pid: int) -> tuple[int, int] | None:
    """Return parent and session (proc(5)), or None for one that is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent, _group, session = file.read().rpartition(b")")[2].split()[:4]
    except OSError:
        return None
    return None if state in (b"Z", b"X") else (int(parent), int(session))


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        # Gone, or another user's.
        return []


def main(arguments: Sequence[str]) -> None:
    """Send the signal, and tell what is left."""
    mark, number, *spared = arguments
    send(members(mark, None) - set(map(int, spared)), signal.Signals(int(number)), mark, None)
    print(*sorted(members(mark, None)))  # noqa: T201 - its answer goes to standard output


if __name__ == "__main__":
    main(sys.argv[1:])
