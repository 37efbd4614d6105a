"""How many jobs run at a time, in which order they start, and what a running job costs the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.tests.live_server import START_LIMIT, LiveServer, running_server, wait_until
from runtime.tests.resilience.faults import kill_agent, kill_everything
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import PatientClient, patient_client
from runtime.tests.resilience.server_processes import threads

END_LIMIT = 30.0
MOST_THREADS = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    managers = {
        "_default_": {"type": "queued_python", "num_concurrent_jobs": 3},
        "one": {"type": "queued_python", "num_concurrent_jobs": 1},
        "cpus": {"type": "queued_python", "num_concurrent_jobs": "*"},
        "unqueued": {"type": "unqueued"},
    }
    with running_server(tmp_path / "server", {"managers": managers}) as server:
        yield server


class Diary:
    """A file in which jobs write down when they begin and when they end."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "diary"
        self._path.touch()

    def job(self, name: str, command: str) -> str:
        """Return a command line that writes down the beginning and the end of *command*."""
        return f"echo begin {name} >> {self._path}; {command}; echo end {name} >> {self._path}"

    def begun(self) -> list[str]:
        """Return the jobs in the order in which they began."""
        return [name for event, name in self._entries() if event == "begin"]

    def most_at_a_time(self) -> int:
        """Return how many jobs ran at a time at most."""
        running = most = 0
        for event, _ in self._entries():
            running += 1 if event == "begin" else -1
            most = max(most, running)
        return most

    def _entries(self) -> list[tuple[str, str]]:
        pairs = [line.split() for line in self._path.read_text().splitlines()]
        return [(event, name) for event, name in pairs]


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path)


def submit(client: PatientClient, diary: Diary, names: list[str], command: str) -> None:
    for name in names:
        client.setup(name)
        client.submit(name, diary.job(name, command))


def wait_for_begun(server: LiveServer, diary: Diary, count: int) -> None:
    wait_until(lambda: len(diary.begun()) >= count, START_LIMIT, f"{count} jobs have begun", server)


def let_the_agent_come_to_rest(server: LiveServer) -> None:
    """Wait for a job of a manager without limit: what was submitted before it has been looked at by then."""
    with patient_client(server, "unqueued") as client:
        client.setup("last")
        client.submit("last", "true")
        client.end("last", END_LIMIT)


def test_the_limit_is_never_exceeded_and_always_used(server: LiveServer, diary: Diary) -> None:
    """Nor while agents are killed and find the running jobs again."""
    names = [f"job-{number}" for number in range(24)]
    with patient_client(server) as client:
        submit(client, diary, names, "sleep 0.2")
        for count in (6, 12):
            wait_for_begun(server, diary, count)
            kill_agent(server)
        wait_for_begun(server, diary, 18)
        kill_everything(server)
        server.start()
        for name in names:
            assert client.end(name, END_LIMIT)["returncode"] == 0
    assert diary.most_at_a_time() == 3
    assert sorted(diary.begun()) == sorted(names)


def test_jobs_start_in_the_order_of_their_submission(server: LiveServer, diary: Diary) -> None:
    """Also those that were submitted when the agent was down, and whatever their ids are."""
    names = [f"job-{number * 7 % 20}" for number in range(20)]
    with patient_client(server, "one") as client:
        submit(client, diary, names[:10], "sleep 0.05")
        kill_agent(server)
        submit(client, diary, names[10:], "true")
        for name in names:
            client.end(name, END_LIMIT)
    assert diary.begun() == names


@contextmanager
def limited_to_cpus(cpus: set[int]) -> Iterator[None]:
    """Let what is started in the block use these CPUs only, as taskset(1) would."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("cpus", [1, len(os.sched_getaffinity(0))])
def test_a_star_stands_for_the_cpus_that_the_server_may_use(
    server: LiveServer, diary: Diary, gates: tuple[Gate, Gate], cpus: int
) -> None:
    gate, _ = gates
    server.stop()
    with limited_to_cpus(set(sorted(os.sched_getaffinity(0))[:cpus])):
        server.start()
    names = [f"job-{number}" for number in range(cpus + 3)]
    with patient_client(server, "cpus") as client:
        submit(client, diary, names, gate.wait)
        wait_for_begun(server, diary, cpus)
        let_the_agent_come_to_rest(server)
        assert diary.begun() == names[:cpus]
        gate.open()
        for name in names:
            client.end(name, END_LIMIT)
    assert diary.most_at_a_time() == cpus


def test_named_managers_do_not_wait_for_each_other(
    server: LiveServer, diary: Diary, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    with patient_client(server, "one") as blocked, patient_client(server) as free:
        submit(blocked, diary, ["a", "b"], gate.wait)
        wait_for_begun(server, diary, 1)
        submit(free, diary, ["c", "d", "e", "f"], "true")
        for name in "cdef":
            assert free.end(name, END_LIMIT)["returncode"] == 0
        assert blocked.status("b")["status"] == "queued"
        gate.open()
        for name in "ab":
            assert blocked.end(name, END_LIMIT)["returncode"] == 0


def test_a_hundred_running_jobs_need_no_thread_each(
    server: LiveServer, diary: Diary, gates: tuple[Gate, Gate]
) -> None:
    """Without a limit all of them run at once."""
    gate, _ = gates
    names = [f"job-{number}" for number in range(100)]
    with patient_client(server, "unqueued") as client:
        submit(client, diary, names, gate.wait)
        wait_for_begun(server, diary, len(names))
        assert threads(server) <= MOST_THREADS
        assert {client.status(name)["status"] for name in names} == {"running"}
        gate.open()
        for name in names:
            assert client.end(name, END_LIMIT)["returncode"] == 0
    assert diary.most_at_a_time() == len(names)
