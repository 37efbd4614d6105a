"""Which process of a live server does what, and the end of some of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pulsar_runtime.config.schema import Web
from runtime.tests.live_server import LiveServer, wait_until

FOUND_LIMIT = 20.0
GONE_LIMIT = 20.0


def parent(server: LiveServer) -> int:
    """Return the process that runs the others as its children."""
    assert server.pid is not None
    return server.pid


def agent(server: LiveServer) -> int:
    """Return the agent: the one process that holds the agent's lock."""
    found: list[int] = []

    def look() -> bool:
        found[:] = [pid for pid in server.processes() if _has_open(pid, "agent.lock")]
        return bool(found)

    wait_until(look, FOUND_LIMIT, "an agent runs", server)
    return found[0]


def web_workers(server: LiveServer) -> list[int]:
    """Return the processes that serve requests: the server's grandchildren."""
    found: list[int] = []

    def look() -> bool:
        children = {pid for pid in server.processes() if _parent_of(pid) == server.pid}
        found[:] = [pid for pid in server.processes() if _parent_of(pid) in children]
        return len(found) == Web().workers

    wait_until(look, FOUND_LIMIT, "all web workers run", server)
    return found


def web_master(server: LiveServer) -> int:
    """Return the process that starts the web workers."""
    master = _parent_of(web_workers(server)[0])
    assert master is not None
    return master


def end(server: LiveServer, *pids: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to these processes of the server, and wait until they are gone."""
    for pid in pids:
        os.kill(pid, number)
    wait_until(lambda: not {*pids} & {*server.processes()}, GONE_LIMIT, f"{pids} have ended", server)


def threads(server: LiveServer) -> int:
    """Return how many threads all of the server's processes have together."""
    return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in server.processes())


def in_session(leader: int) -> list[int]:
    """Return the processes of a session; those that have ended do not count, whether reaped or not."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if (stat := _stat(pid)) and stat[0] != "Z" and int(stat[3]) == leader]


def _has_open(pid: int, name: str) -> bool:
    try:
        return any(link.readlink().name == name for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        # It ended, or closed that file, while we looked.
        return False


def _parent_of(pid: int) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def _stat(pid: int) -> list[str]:
    """Return state, parent, process group, session and so on (proc(5)); nothing for what does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
