"""Ended jobs are removed beside a live server, and jobs that run or begin are not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import yaml

from pulsar_runtime.bootstrap.retention import retention
from pulsar_runtime.config.schema import Retention
from pulsar_runtime.store.job_store import SqliteJobStore
from runtime.tests.live_server import LiveServer
from runtime.tests.resilience.commands import said
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import patient_client

END_LIMIT = 30.0
#: No disk has so much free: every ended job is due.
EVERYTHING = {"minimum_free_mb": 2**40}

CLIENTS = 3
ROUNDS = 25


def test_an_ended_job_is_removed_and_one_that_runs_is_not(
    server: LiveServer, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    settings = yaml.safe_load(server.config.read_text()) | {"retention": EVERYTHING}
    server.config.write_text(yaml.safe_dump(settings))
    with patient_client(server) as client:
        for name, command in (("ended", "true"), ("runs", f"{gate.wait}; touch ../outputs/out")):
            client.setup(name)
            client.submit(name, command)
        client.end("ended", END_LIMIT)
        removed = said(server, "jobs", "prune")
        assert [job["job_id"] for job in removed["jobs"]] == ["ended"]
        assert removed["failed"] == 0
        assert {path.name for path in server.staging.iterdir()} == {"runs"}
        assert client.status("ended")["status"] == "lost"
        gate.open()
        assert client.end("runs", END_LIMIT)["outputs_directory_contents"] == ["out"]


def test_ids_may_be_used_again_while_their_old_jobs_are_removed(server: LiveServer, tmp_path: Path) -> None:
    """A client sets up an id again as soon as its job has ended; what it uploads is never removed."""
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    with pruning_all_the_time(server) as problems, ThreadPoolExecutor(CLIENTS) as pool:
        for clients in [
            pool.submit(use_again_and_again, server, f"job-{number}", evidence) for number in range(CLIENTS)
        ]:
            clients.result()
    assert problems == []
    assert len(list(evidence.iterdir())) == CLIENTS * ROUNDS


def use_again_and_again(server: LiveServer, job_id: str, evidence: Path) -> None:
    with patient_client(server) as client:
        for number in range(ROUNDS):
            proof = evidence / f"{job_id}-{number}"
            client.setup(job_id)
            for name in ("a", "sub/b", "sub/deeper/c"):
                client.upload(job_id, "input", name, proof.name.encode())
            client.submit(
                job_id,
                f"cd ../inputs && cat a sub/b sub/deeper/c > {proof}",
            )
            # Complete, or lost: removed before this was asked.
            client.end(job_id, END_LIMIT)
            assert proof.read_text() == proof.name * 3


@contextmanager
def pruning_all_the_time(server: LiveServer) -> Iterator[list[str]]:
    """Remove every ended job while the block runs; give what could not be removed."""
    problems: list[str] = []
    enough = threading.Event()

    def prune() -> None:
        with closing(SqliteJobStore(server.directory / "persisted_data")) as store:
            while not enough.is_set():
                done = retention(Retention(**EVERYTHING), store).prune()
                problems.extend(removal.problem for removal in done if removal.problem)

    with ThreadPoolExecutor(1) as pool:
        pruned = pool.submit(prune)
        try:
            yield problems
        finally:
            enough.set()
        pruned.result()
