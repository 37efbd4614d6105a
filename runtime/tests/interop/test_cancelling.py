"""Galaxy cancels jobs in every phase."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.tests.interop.galaxy_job import NewJob
from runtime.tests.live_server import LiveServer, wait_until


def test_a_running_job_ends_with_all_its_processes(new_job: NewJob, server: LiveServer) -> None:
    job = new_job()
    made = job.output("dataset_1.dat")
    job.submit(
        f"echo partial > {made}; sleep 300 & echo $! > ../child; setsid sleep 300 & echo $! > ../daemon; wait"
    )
    job.wait("running")
    directory = Path(job.setup["job_directory"])
    wait_until((directory / "daemon").exists, 10, "the tool has started its processes", server)

    job.kill()
    seen = job.wait()
    status = job.status()

    assert seen[-1] == "cancelled"
    assert (status["status"], status["complete"]) == ("cancelled", "true")
    children = [int((directory / name).read_text()) for name in ("child", "daemon")]
    wait_until(lambda: not any(map(_runs, children)), 10, "the tool's processes have ended", server)
    job.finish(status)
    assert made.read_text() == "partial\n"


def test_a_queued_job_never_starts(new_job: NewJob, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    holder, waiting = new_job(manager="single"), new_job(manager="single")
    holder.submit("sleep 300")
    holder.wait("running")
    waiting.submit(f"touch {mark}")
    assert waiting.wait("queued", "running")[-1] == "queued"

    waiting.kill()
    assert waiting.wait()[-1] == "cancelled"
    holder.kill()
    assert holder.wait()[-1] == "cancelled"
    assert new_job(manager="single").run("true")["returncode"] == 0
    assert not mark.exists()


def test_a_job_that_has_ended_stays_as_it_is(new_job: NewJob) -> None:
    job = new_job()
    job.submit("exit 3")
    job.wait()
    job.kill()
    status = job.status()
    assert (status["status"], status["returncode"]) == ("complete", 3)


def test_a_running_job_may_be_cleaned(new_job: NewJob, server: LiveServer) -> None:
    job = new_job()
    job.submit("echo $$ > ../tool; sleep 300")
    job.wait("running")
    directory = Path(job.setup["job_directory"])
    wait_until((directory / "tool").exists, 10, "the tool runs", server)
    tool = int((directory / "tool").read_text())

    job.clean()

    assert not _runs(tool)
    assert not directory.exists()
    assert job.status()["status"] == "lost"


def test_an_id_may_be_used_again_after_it_was_cancelled(new_job: NewJob) -> None:
    first = new_job()
    first.submit("sleep 300")
    first.wait("running")
    first.kill()
    first.wait()
    status = new_job(job_id=first.job_id).run("echo again")
    assert (status["status"], status["stdout"]) == ("complete", "again\n")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
