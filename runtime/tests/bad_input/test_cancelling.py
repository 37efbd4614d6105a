"""Cancel in every phase of a job, and of jobs that do not want to end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runtime.tests.bad_input.api import Api, new_id
from runtime.tests.bad_input.process_life import is_running
from runtime.tests.live_server import wait_until


def test_a_job_that_was_never_set_up_is_left_unknown(api: Api) -> None:
    job_id = new_id()
    assert api.cancel(job_id).body == b"OK"
    assert api.status(job_id)["status"] == "lost"
    api.setup(job_id)
    assert api.status(job_id)["status"] == "preprocessing"


def test_a_job_that_is_only_set_up_never_runs(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    assert api.cancel(job_id).body == b"OK"
    status = api.wait(job_id)
    assert (status["status"], status["complete"], status["returncode"]) == ("cancelled", "true", None)
    assert api.submit(job_id, "touch ../ran").body == b"OK"
    assert api.status(job_id)["status"] == "cancelled"
    assert api.run("exit 3")["returncode"] == 3
    assert not (directory / "ran").exists()


def test_a_queued_job_never_runs(single: Api) -> None:
    holder, waiting = new_id(), new_id()
    directory = single.setup(holder)
    single.submit(holder, "until [ -e ../go ]; do sleep 0.02; done")
    single.wait(holder, "running")
    waiting_directory = single.setup(waiting)
    single.submit(waiting, "touch ../ran")
    assert single.wait(waiting, "queued", "running")["status"] == "queued"

    assert single.cancel(waiting).body == b"OK"

    assert single.status(waiting)["status"] == "cancelled"
    (directory / "go").touch()
    single.wait(holder)
    assert single.run("exit 3")["returncode"] == 3
    assert not (waiting_directory / "ran").exists()


def test_a_running_job_is_cancelled_when_the_answer_comes(api: Api) -> None:
    """protocol.md section 14.3: the status is `cancelled` at once."""
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "echo $$ > ../pid_of_job; sleep 300")
    pid = _pid(api, directory / "pid_of_job")
    assert api.cancel(job_id).body == b"OK"
    status = api.status(job_id)
    assert (status["status"], status["complete"]) == ("cancelled", "true")
    assert not is_running(pid)
    assert "working_directory_contents" in status, "the whole structure (protocol.md section 11, trap 19)"


def test_a_job_that_ignores_the_request_is_ended_by_force(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "trap '' TERM INT HUP; echo $$ > ../pid_of_job; while :; do sleep 0.1; done")
    pid = _pid(api, directory / "pid_of_job")
    started = time.monotonic()
    assert api.cancel(job_id).body == b"OK"
    assert time.monotonic() - started < 5, "the answer does not wait for its end"
    assert api.wait(job_id, limit=20)["status"] == "cancelled"
    assert not is_running(pid)


def test_a_job_may_tidy_up_when_it_is_asked_to_end(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(
        job_id,
        "trap 'echo tidy > ../outputs/tidy; exit 0' TERM; touch ../ready; while :; do sleep 0.05; done",
    )
    wait_until((directory / "ready").exists, 10, "the job is ready", api.server)
    api.cancel(job_id)
    assert api.wait(job_id)["status"] == "cancelled"
    assert (directory / "outputs" / "tidy").read_text() == "tidy\n"


def test_a_stopped_job_is_cancelled_too(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "echo $$ > ../pid_of_job; kill -STOP $$; sleep 300")
    pid = _pid(api, directory / "pid_of_job")
    api.cancel(job_id)
    assert api.wait(job_id, limit=20)["status"] == "cancelled"
    assert not is_running(pid)


def test_a_job_that_has_ended_stays_as_it_ended(api: Api) -> None:
    job_id = new_id()
    api.run("exit 3", job_id)
    assert api.cancel(job_id).body == b"OK"
    status = api.status(job_id)
    assert (status["status"], status["returncode"]) == ("complete", 3)


def test_cancelling_again_and_again_is_ok(api: Api) -> None:
    job_id = new_id()
    api.setup(job_id)
    api.submit(job_id, "sleep 300")
    api.wait(job_id, "running")
    assert [api.cancel(job_id).body for _ in range(5)] == [b"OK"] * 5
    assert api.status(job_id)["status"] == "cancelled"


@pytest.mark.parametrize("attempt", range(20))
def test_a_job_that_is_cancelled_right_after_its_submission_ends(api: Api, attempt: int) -> None:
    """Wherever it is by then: it ran to its end, or it was cancelled, and nothing of it is left."""
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "echo $$ > ../pid_of_job; sleep 300")
    time.sleep(attempt * 0.002)
    assert api.cancel(job_id).body == b"OK"
    assert api.wait(job_id)["status"] == "cancelled"
    pids = directory / "pid_of_job"
    assert not pids.exists() or not pids.read_text() or not is_running(int(pids.read_text()))


def test_the_next_job_takes_the_place_of_a_cancelled_one(single: Api) -> None:
    running, queued = new_id(), new_id()
    for job_id, command in ((running, "sleep 300"), (queued, "exit 3")):
        single.setup(job_id)
        single.submit(job_id, command)
    single.wait(running, "running")
    single.cancel(running)
    assert single.wait(queued)["returncode"] == 3


def _pid(api: Api, path: Path) -> int:
    wait_until(
        lambda: path.exists() and path.read_text().endswith("\n"), 10, f"{path.name} is written", api.server
    )
    return int(path.read_text())
