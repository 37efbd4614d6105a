"""What clients asked for while the server, or a part of it, went down."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from runtime.tests.live_server import START_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.faults import (
    TOTAL,
    Fault,
    kill_agent,
    kill_all_web_workers,
    kill_everything,
    terminate,
)
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import PatientClient, patient_client
from runtime.tests.resilience.server_processes import in_session

END_LIMIT = 30.0


def running_job(client: PatientClient, job_id: str, command: str) -> int:
    """Start a job and return its session, which is also its keeper."""
    said = client.server.directory / f"session-of-{job_id}"
    client.setup(job_id)
    client.submit(job_id, f"echo $PPID > {said}.new; mv {said}.new {said}; {command}")
    wait_until(said.exists, START_LIMIT, f"job {job_id} runs", client.server)
    return int(said.read_text())


def test_a_cancel_is_completed_by_the_next_agent(server: LiveServer, gates: tuple[Gate, Gate]) -> None:
    """The agent is killed after it has asked a job to end that does not do so."""
    gate, _ = gates
    asked = server.directory / "asked"
    with patient_client(server) as client:
        command = f"trap 'echo asked >> {asked}' TERM; while :; do {gate.wait}; done"
        session = running_job(client, "a", command)
        client.cancel("a")
        wait_until(asked.exists, START_LIMIT, "it was asked to end", server)
        assert client.status("a")["complete"] == "false"
        kill_agent(server)
        assert client.end("a", END_LIMIT)["status"] == "cancelled"
        assert not in_session(session)


@pytest.mark.parametrize("fault", [kill_agent, kill_all_web_workers, kill_everything, terminate])
def test_a_job_is_removed_however_the_server_goes_down_meanwhile(
    server: LiveServer, gates: tuple[Gate, Gate], fault: Fault
) -> None:
    gate, _ = gates
    with patient_client(server) as client, patient_client(server) as other, ThreadPoolExecutor(1) as pool:
        session = running_job(client, "a", gate.wait)
        removal = pool.submit(client.clean, "a")
        fault(server)
        if fault in TOTAL:
            server.start()
        removal.result()
        assert not in_session(session)
        assert not (server.staging / "a").exists()
        assert other.status("a")["status"] == "lost"


def test_a_submission_whose_answer_is_lost_and_that_is_sent_again_runs_once(server: LiveServer) -> None:
    runs = server.directory / "runs"
    with patient_client(server) as client:
        client.setup("a")
        query = urlencode({"command_line": f"echo run >> {runs}", "private_token": server.token})
        with closing(connection_to(server)) as connection:
            connection.sendall(f"POST /jobs/a/submit?{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        end = client.end("a", END_LIMIT)
        client.submit("a", f"echo run >> {runs}")
        client.submit("a", "something else")
        assert client.status("a") == end
    assert runs.read_text() == "run\n"


@pytest.mark.parametrize("earlier", [None, b"the earlier content"])
def test_an_upload_that_is_cut_off_by_a_kill_leaves_nothing(
    server: LiveServer, earlier: bytes | None
) -> None:
    """Nothing that the job could take for a file; what had arrived stays hidden until the job is removed."""
    inputs = server.staging / "a" / "inputs"
    with patient_client(server) as client, closing(connection_to(server)) as connection:
        client.setup("a")
        if earlier is not None:
            client.upload("a", "input", "in", earlier)
        begin_upload(server, connection, inputs)
        server.kill()
        assert visible(inputs) == ({} if earlier is None else {"in": earlier})
        server.start()
        client.upload("a", "input", "in", b"the whole content")
    assert visible(inputs) == {"in": b"the whole content"}


def begin_upload(server: LiveServer, connection: socket.socket, inputs: Path) -> None:
    """Send a part of a file, and wait until the server has begun to keep it."""
    before = set(os.listdir(inputs))
    query = urlencode({"name": "in", "type": "input", "private_token": server.token})
    connection.sendall(
        f"POST /jobs/a/files?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".encode()
    )
    connection.sendall(b"x" * 500_000)
    wait_until(lambda: set(os.listdir(inputs)) != before, START_LIMIT, "the upload has begun", server)


def connection_to(server: LiveServer) -> socket.socket:
    host, port = server.bind.split(":")
    return socket.create_connection((host, int(port)), timeout=START_LIMIT)


def visible(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory that do not begin with a dot."""
    return {path.name: path.read_bytes() for path in directory.glob("[!.]*")}
