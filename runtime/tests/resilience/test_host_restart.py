"""The host goes down under running jobs and comes back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from runtime.tests.live_server import START_LIMIT, LiveServer, wait_until
from runtime.tests.resilience.gate import Gate
from runtime.tests.resilience.patient_client import patient_client

END_LIMIT = 30.0
MOST_STARTS = 3


def restart_host(server: LiveServer) -> None:
    """Kill everything at once, jobs included, and come back with another boot identity."""
    server.end_everything()
    come_back(server)


def come_back(server: LiveServer) -> None:
    """Start the server as if the host had restarted since it ran."""
    for record in (server.directory / "persisted_data" / "launches").iterdir():
        mark, _boot = record.read_text().splitlines()[0].split()
        rest = record.read_text().splitlines(keepends=True)[1:]
        record.write_text("".join([f"{mark} boot-of-the-past\n", *rest]))
    server.start()


def wait_for_lines(server: LiveServer, path: Path, count: int) -> None:
    def reached() -> bool:
        return path.exists() and len(path.read_text().splitlines()) >= count

    wait_until(reached, START_LIMIT, f"{path.name} has {count} lines", server)


def test_a_job_that_went_down_with_its_host_starts_again_in_clean_directories(
    server: LiveServer, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    runs = server.directory / "runs"
    command = "\n".join(
        [
            "echo found: $(ls) $(ls ../outputs) $(cat uploaded) > ../outputs/found.$RANDOM.$RANDOM",
            "echo spoiled >> uploaded; echo spoiled > made; echo spoiled > ../outputs/made",
            f"echo run >> {runs}",
            gate.wait,
            "cat ../outputs/found.*",
        ]
    )
    with patient_client(server) as client:
        client.setup("a")
        client.upload("a", "workdir", "uploaded", b"as it was uploaded")
        client.submit("a", command)
        wait_for_lines(server, runs, 1)
        restart_host(server)
        wait_for_lines(server, runs, 2)
        gate.open()
        end = client.end("a", END_LIMIT)
    assert (end["status"], end["returncode"]) == ("complete", 0)
    assert end["job_stdout"] == "found: uploaded as it was uploaded\n"
    assert runs.read_text() == "run\n" * 2


def test_a_job_starts_again_when_its_host_was_shut_down_in_an_orderly_way(
    server: LiveServer, gates: tuple[Gate, Gate]
) -> None:
    """Before a host goes down it tells every process to end, and gives it time for that."""
    gate, _ = gates
    runs = server.directory / "runs"
    with patient_client(server) as client:
        client.setup("a")
        client.submit("a", f"echo run >> {runs}; {gate.wait}")
        wait_for_lines(server, runs, 1)
        server.stop()
        (record,) = (server.directory / "persisted_data" / "launches").iterdir()
        keeper = int(record.read_text().splitlines()[1])
        os.killpg(keeper, signal.SIGTERM)
        wait_for_lines(server, record, 3)
        come_back(server)
        wait_for_lines(server, runs, 2)
        gate.open()
        end = client.end("a", END_LIMIT)
    assert (end["status"], end["returncode"]) == ("complete", 0)
    assert runs.read_text() == "run\n" * 2


def test_a_job_is_started_so_often_and_no_more(server: LiveServer, gates: tuple[Gate, Gate]) -> None:
    """Perhaps it is the job that brings the host down."""
    gate, _ = gates
    runs = server.directory / "runs"
    with patient_client(server) as client:
        client.setup("a")
        client.submit("a", f"echo run >> {runs}; {gate.wait}")
        for start in range(1, MOST_STARTS + 1):
            wait_for_lines(server, runs, start)
            wait_until(lambda: client.status("a")["status"] == "running", START_LIMIT, "it runs", server)
            restart_host(server)
        end = client.end("a", END_LIMIT)
    assert (end["status"], end["returncode"]) == ("failed", 1)
    assert "the host went down" in str(end["job_stderr"])
    assert runs.read_text() == "run\n" * MOST_STARTS


def test_a_job_that_ended_before_its_host_went_down_does_not_start_again(
    server: LiveServer, gates: tuple[Gate, Gate]
) -> None:
    gate, _ = gates
    runs = server.directory / "runs"
    with patient_client(server) as client:
        client.setup("a")
        client.submit("a", f"echo run >> {runs}; {gate.wait}; (exit 3)")
        wait_for_lines(server, runs, 1)
        server.kill()
        gate.open()
        record = next((server.directory / "persisted_data" / "launches").iterdir())
        wait_until(lambda: "exit 3" in record.read_text(), START_LIMIT, "it has ended", server)
        restart_host(server)
        end = client.end("a", END_LIMIT)
    assert (end["status"], end["returncode"]) == ("complete", 3)
    assert runs.read_text() == "run\n"
