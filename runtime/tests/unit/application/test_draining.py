"""A server that is drained finishes what it has and begins nothing."""

from __future__ import annotations

from functools import partial

import pytest

from pulsar_runtime.application.draining import Remaining, remaining, wait_until_idle
from pulsar_runtime.domain.errors import Draining
from pulsar_runtime.domain.ids import JobId
from pulsar_runtime.domain.job import SetupRequest, Submission
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.application.served import ASSIGNING, TOOL, Served
from runtime.tests.unit.application.supervision import A_MOMENT, MAIN

AN_OUTPUT = JobFile(Directory.OUTPUTS, RelativePath.parse("out.dat"))


# --- what clients are told ---------------------------------------------------------------------------------


def test_a_new_job_is_not_set_up_and_nothing_is_made_of_it(served: Served) -> None:
    served.store.drain()
    with pytest.raises(Draining):
        served.setup()
    assert served.files.trees == {}


def test_a_setup_that_comes_with_the_submission_is_one_too(served: Served) -> None:
    served.store.drain()
    with pytest.raises(Draining):
        served.submit(
            submission=Submission(command_line="true", setup=SetupRequest(job_id=JobId("1"), tool=TOOL))
        )


def test_an_upload_for_an_unknown_job_is_one_too(served: Served) -> None:
    served.store.drain()
    with pytest.raises(Draining):
        served.service.receiving(MAIN, JobId("1"))


def test_a_client_may_repeat_the_setup_of_a_job_and_bring_it_to_its_end(served: Served) -> None:
    job = served.setup()
    served.store.drain()
    assert served.setup() == job
    served.submit()
    served.world.pass_time(A_MOMENT)
    served.world.host.end(f"{job.key}-1", 0)
    assert served.world.status(job) is JobStatus.COMPLETE
    served.service.clean(MAIN, job.job_id)
    assert served.files.trees == {}


def test_the_results_of_an_ended_job_stay_when_its_id_is_set_up_again(served: Served) -> None:
    job = served.ended()
    served.files.write(job.directory, AN_OUTPUT, b"result")
    served.store.drain()
    with pytest.raises(Draining):
        served.setup()
    assert served.files.read_text(job.directory, AN_OUTPUT, None) == "result"
    assert served.service.find(MAIN, job.job_id) == job


def test_with_assigned_ids_every_setup_is_a_new_job(served: Served) -> None:
    served.setup("7", ASSIGNING)
    served.store.drain()
    with pytest.raises(Draining):
        served.setup("7", ASSIGNING)


def test_after_the_resumption_jobs_are_set_up_again(served: Served) -> None:
    served.store.drain()
    served.store.resume()
    served.setup()


# --- what is left ------------------------------------------------------------------------------------------


def test_a_server_without_jobs_has_none(served: Served) -> None:
    assert remaining(served.store) == Remaining(by_status={})


def test_jobs_are_counted_by_their_status(served: Served) -> None:
    served.setup("set-up")
    served.running("running")
    served.ended("ended")
    served.ended("also-ended", code=3)
    left = remaining(served.store)
    assert left.by_status == {JobStatus.PREPROCESSING: 1, JobStatus.RUNNING: 1, JobStatus.COMPLETE: 2}
    assert (left.active, left.ended) == (2, 2)


def wait(served: Served, seconds: float, told: list[int]) -> tuple[float, Remaining]:
    """Wait for the end of all jobs; return how long it took, and what was left."""
    began = served.world.clock()
    left = wait_until_idle(
        served.store,
        seconds,
        clock=served.world.clock,
        sleep=served.world.pass_time,
        changed=lambda now: told.append(now.active),
    )
    return served.world.clock() - began, left


def test_nobody_waits_for_ended_jobs(served: Served) -> None:
    served.ended()
    told: list[int] = []
    waited, left = wait(served, 60, told)
    assert (waited, left.active, left.ended, told) == (0.0, 0, 1, [])


def test_the_wait_is_over_with_the_last_job(served: Served) -> None:
    jobs = [served.running(name) for name in ("1", "2")]
    for number, job in enumerate(jobs, start=1):
        end = partial(served.world.host.end, f"{job.key}-1", 0)
        served.world.agent.reactor.call_later(10.0 * number, end)
    told: list[int] = []
    waited, left = wait(served, 60, told)
    assert 20 <= waited <= 21
    assert (left.active, told) == (0, [2, 1])


def test_the_wait_is_over_when_the_time_is(served: Served) -> None:
    served.running()
    told: list[int] = []
    waited, left = wait(served, 60.2, told)
    assert waited == pytest.approx(60.2)
    assert (left.active, told) == (1, [1])


def test_without_time_nobody_waits(served: Served) -> None:
    served.running()
    assert wait(served, 0, [])[0] == 0.0
