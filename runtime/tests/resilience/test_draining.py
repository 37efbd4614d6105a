"""An administrator drains a live server, and takes it up again."""

from __future__ import annotations

import subprocess
from contextlib import closing

import pytest
import requests

from pulsar_runtime.store.job_store import SqliteJobStore
from runtime.tests.live_server import START_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.commands import COMMAND_LIMIT, command, run, said
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import patient_client
from runtime.tests.resilience.workload import Workload

END_LIMIT = 30.0


def setup(server: LiveServer, job_id: str) -> requests.Response:
    return requests.post(
        f"{server.url}jobs", params={"job_id": job_id, "private_token": server.token}, timeout=10
    )


def is_drained(server: LiveServer) -> bool:
    with closing(SqliteJobStore(server.directory / "persisted_data")) as store:
        return store.draining_since() is not None


def test_new_jobs_are_put_off_until_the_resumption_also_across_a_restart(
    server: LiveServer, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    with patient_client(server) as client:
        client.setup("a")
        assert said(server, "drain")["active"] == 1
        for again in range(2):
            put_off = setup(server, "b")
            assert (put_off.status_code, "Retry-After" in put_off.headers) == (503, True)
            assert setup(server, "a").status_code == 200
            assert server.is_ready()
            if not again:
                server.restart()
        client.upload("a", "input", "in", b"content")
        client.submit("a", f"{gate.wait}; cat ../inputs/in > ../outputs/out")
        gate.open()
        client.end("a", END_LIMIT)
        assert client.download("a", "out") == b"content"
        client.clean("a")
        assert said(server, "resume")["changed"] is True
        client.setup("b")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_wait_ends_with_the_last_job(
    server: LiveServer, workload: Workload, gates: tuple[Gate, Gate], form: tuple[str, ...]
) -> None:
    first, second = gates
    workload.submit(4, first.wait, second.wait)
    workload.wait_for_runs(4)
    with subprocess.Popen(
        command(server, "drain", "--wait", str(COMMAND_LIMIT), *form),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as drain:
        wait_until(lambda: is_drained(server), START_LIMIT, "it is drained", server)
        first.open()
        wait_until(lambda: said(server, "drain")["active"] == 2, END_LIMIT, "half of them have ended", server)
        assert drain.poll() is None
        second.open()
        output, errors = drain.communicate(timeout=COMMAND_LIMIT)
    assert drain.returncode == 0
    if form:
        assert ('"active": 0, "ended": 4' in output, errors) == (True, "")
    else:
        assert "It has 0 active and 4 ended jobs" in output
        assert errors.startswith("waiting: ")
    workload.check_each_ran_once()


def test_the_wait_ends_with_the_time(
    server: LiveServer, workload: Workload, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    workload.submit(2, gate.wait)
    workload.wait_for_runs(2)
    ended = run(server, "drain", "--wait", "0.2")
    assert ended.returncode == 3
    assert ended.stderr.splitlines()[-1] == "not all jobs have ended after 0.2 s"
    gate.open()
    workload.check_each_ran_once()
