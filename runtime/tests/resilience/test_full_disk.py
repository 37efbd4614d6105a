"""Disks run full while jobs come and go, and have space again later.

What a client is told meanwhile is in the rung of bad input.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.tests.bad_input.mounted_disk import fill, mounted_disk
from runtime.tests.live_server import START_LIMIT, LiveServer, running_server, wait_until
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import patient_client

END_LIMIT = 30.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted_disk(tmp_path / "disk", "8m") as disk:
        yield disk


@pytest.fixture
def server(tmp_path: Path, disk: Path) -> Iterator[LiveServer]:
    """Run a server whose jobs are on the small disk; the guard that would refuse new ones is off."""
    settings = {"staging_directory": str(disk / "staging"), "disk": {"minimum_free_mb": 0}}
    with running_server(tmp_path / "server", settings) as server:
        yield server


@pytest.fixture
def server_with_store_there(tmp_path: Path, disk: Path) -> Iterator[LiveServer]:
    """Run a server whose store is on the small disk."""
    settings = {"persistence_directory": str(disk / "kept")}
    with running_server(tmp_path / "server", settings) as server:
        yield server


def wait_for_log(server: LiveServer, text: str, count: int = 1) -> None:
    wait_until(lambda: server.log_tail().count(text) >= count, START_LIMIT, f"it says {text!r}", server)


def test_jobs_wait_for_space(server: LiveServer, disk: Path) -> None:
    runs = server.directory / "runs"
    names = [f"job-{number}" for number in range(6)]
    with patient_client(server) as client:
        for name in names:
            client.setup(name)
        filling = fill(disk)
        for name in names:
            client.submit(name, f"echo {name} >> {runs}")
        wait_for_log(server, " waits: ", len(names))
        assert {client.status(name)["status"] for name in names} == {"preprocessing"}
        assert not runs.exists()
        filling.unlink()
        ends = [client.end(name, END_LIMIT) for name in names]
    assert {(end["status"], end["returncode"]) for end in ends} == {("complete", 0)}
    assert sorted(runs.read_text().split()) == names


def test_nothing_is_lost_when_the_store_has_no_space(
    server_with_store_there: LiveServer, disk: Path, gates: tuple[Gate, Gate]
) -> None:
    """One job is submitted, one ends and one is to start while nothing can be written down."""
    server = server_with_store_there
    gate, _ = gates
    runs = server.directory / "runs"
    with patient_client(server) as client, patient_client(server) as other, ThreadPoolExecutor(1) as pool:
        for name in ("a", "b", "c"):
            client.setup(name)
        for name in ("a", "b"):
            client.submit(name, f"echo {name} >> {runs}; {gate.wait}; (exit 3)")
        wait_until(runs.exists, START_LIMIT, "one runs, one waits", server)
        filling = fill(disk)
        submission = pool.submit(other.submit, "c", f"echo c >> {runs}; (exit 3)")
        wait_for_log(server, "ERROR")
        gate.open()
        wait_for_log(server, "WARNING")
        filling.unlink()
        submission.result()
        ends = [client.end(name, END_LIMIT) for name in ("a", "b", "c")]
    assert {(end["status"], end["returncode"]) for end in ends} == {("complete", 3)}
    assert runs.read_text().split() == ["a", "b", "c"]
