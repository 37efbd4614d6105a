"""Another process holds the job store: a backup, or somebody who looks into it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import requests

from runtime.tests.live_server import LiveServer
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.workload import Workload

#: Longer than anything in the server waits for the store by itself.
HELD_SECONDS = 7.0
ANSWER_LIMIT = 30.0


def connection_to_store(server: LiveServer) -> closing[sqlite3.Connection]:
    path = server.directory / "persisted_data" / "jobs.sqlite"
    return closing(sqlite3.connect(path, isolation_level=None))


def test_nothing_is_lost(server: LiveServer, workload: Workload, gates: tuple[Gate, Gate]) -> None:
    """Jobs end and are submitted meanwhile."""
    gate, _ = gates
    workload.submit(10, gate.wait)
    workload.wait_for_runs(10)
    with connection_to_store(server) as other:
        other.execute("BEGIN EXCLUSIVE")
        with workload.submitting(10):
            gate.open()
            time.sleep(HELD_SECONDS)
            other.execute("ROLLBACK")
    workload.check_each_ran_once()


def test_a_client_is_told_to_come_back(server: LiveServer) -> None:
    with connection_to_store(server) as other:
        other.execute("BEGIN EXCLUSIVE")
        query = {"job_id": "a", "private_token": server.token}
        answer = requests.post(f"{server.url}jobs", params=query, timeout=ANSWER_LIMIT)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert not (server.staging / "a").exists()
