"""Launch records whose process id belongs to a stranger by now: the stranger is never signalled."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from runtime.tests.bad_input.api import Api, new_id
from runtime.tests.bad_input.process_life import is_running, processes_of_session
from runtime.tests.bad_input.quiet_log import assert_no_internal_error
from runtime.tests.live_server import LiveServer, running_server, wait_until

#: What the record of each job says when the agent starts again: ``{first}`` is its own first line, ``{mark}``
#: the first word of it, which all its processes carry; the second tells the boots of the host apart.
RECORDS = {
    "same boot": "{first}\n{stranger}\n",
    "same boot, to be cancelled": "{first}\n{stranger}\n",
    "same boot, to be cleaned": "{first}\n{stranger}\n",
    "another boot": "{mark} another-boot\n{stranger}\n",
    "nothing": "",
    "no line": "garbage",
    "no words": "garbage\n",
    "too many words": "a b c\n{stranger}\n",
    "zeros": "\0" * 100,
    "no number": "{first}\nnobody\n",
    "no exit code": "{first}\n{stranger}\nexit\n",
}


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file in which the stranger notes every signal that it gets."""
    return tmp_path_factory.mktemp("stranger") / "signals"


@pytest.fixture(scope="module")
def stranger(signals: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that leads a session of its own, as a keeper would."""
    notes = "; ".join(f"trap 'echo {name} >> {signals}' {name}" for name in ("TERM", "HUP", "INT", "USR1"))
    script = f"{notes}; echo ready; while :; do sleep 300 & wait; done"
    command = ["/bin/bash", "-c", script]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process
        for pid in processes_of_session(process.pid):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run a server that starts every job at once."""
    managers = {"_default_": {"type": "unqueued"}}
    with running_server(tmp_path_factory.mktemp("server"), {"managers": managers}) as server:
        yield server
        assert_no_internal_error(server)


@pytest.fixture(scope="module")
def jobs(server: LiveServer, stranger: subprocess.Popen[bytes]) -> Mapping[str, str]:
    """Start a job for each record; end all of them without a trace while the server is down."""
    api, records = Api(server=server), server.directory / "persisted_data" / "launches"
    jobs, contents = {}, {}
    for name, content in RECORDS.items():
        before = set(records.glob("*"))
        jobs[name] = job_id = new_id()
        starts = api.setup(job_id) / "starts"
        api.submit(job_id, "echo started >> ../starts; sleep 300")
        wait_until(starts.exists, 10, "the job has started", server)
        (record,) = set(records.glob("*")) - before
        contents[record] = content
    server.stop()
    for record, content in contents.items():
        first, keeper, *_ = record.read_text().splitlines()
        _end_session(int(keeper), server)
        for placeholder, value in (("first", first), ("mark", first.split()[0]), ("stranger", stranger.pid)):
            content = content.replace(f"{{{placeholder}}}", str(value))  # noqa: PLW2901 - filled in step by step
        record.write_text(content)
    server.start()
    return jobs


@pytest.fixture(autouse=True)
def stranger_left_alone(stranger: subprocess.Popen[bytes], signals: Path) -> Iterator[None]:
    """Check after each test that the stranger lives and was not even asked to end."""
    yield
    assert is_running(stranger.pid)
    assert not signals.exists()


def test_a_job_whose_keeper_is_gone_is_lost(api: Api, jobs: Mapping[str, str]) -> None:
    status = api.wait(jobs["same boot"])
    assert (status["status"], status["returncode"]) == ("lost", None)


def test_cancelling_it_is_ok(api: Api, jobs: Mapping[str, str]) -> None:
    assert api.cancel(jobs["same boot, to be cancelled"]).code == 200
    assert api.wait(jobs["same boot, to be cancelled"])["status"] in ("lost", "cancelled")


def test_removing_it_is_ok(api: Api, jobs: Mapping[str, str]) -> None:
    assert api.clean(jobs["same boot, to be cleaned"]).code == 200
    assert not (api.server.staging / jobs["same boot, to be cleaned"]).exists()


def test_after_a_reboot_it_starts_again(api: Api, jobs: Mapping[str, str]) -> None:
    job_id = jobs["another boot"]
    starts = api.server.staging / job_id / "starts"
    wait_until(lambda: starts.read_text() == "started\n" * 2, 10, "the job has started again", api.server)
    assert api.cancel(job_id).code == 200
    assert api.wait(job_id)["status"] == "cancelled"


@pytest.mark.parametrize(
    "record", ["nothing", "no line", "no words", "too many words", "zeros", "no number", "no exit code"]
)
def test_a_record_that_says_nothing_stops_no_agent(api: Api, jobs: Mapping[str, str], record: str) -> None:
    """As a loss of power may leave it."""
    assert api.run("exit 3")["returncode"] == 3
    assert api.cancel(jobs[record]).code == 200
    assert api.wait(jobs[record])["complete"] == "true"


def _end_session(session: int, server: LiveServer) -> None:
    pids = processes_of_session(session)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, pids)), 10, "the job has ended", server)
