"""Named managers, and what a client is told that asks for the wrong thing."""

from __future__ import annotations

import re

import pytest
import requests

from runtime.tests.interop.galaxy_client import Refused
from runtime.tests.interop.galaxy_job import NewJob
from runtime.tests.live_server import LiveServer


@pytest.mark.parametrize("manager", ["_default_", "other", "single", "immediate"])
def test_a_named_manager_runs_jobs(new_job: NewJob, manager: str) -> None:
    job = new_job(manager=manager)
    given = job.input("dataset_1.dat", "alpha\n")
    made = job.output("dataset_2.dat")
    job.run(f"cat {given} > {made}")
    assert made.read_text() == "alpha\n"


def test_a_manager_may_be_named_in_the_url(new_job: NewJob, server: LiveServer) -> None:
    job = new_job(url=f"{server.url}managers/other/")
    job.run("true")
    assert job.setup["job_directory"] == str(server.directory / "staging-of-other" / job.job_id)


def test_two_managers_may_have_jobs_of_the_same_id(new_job: NewJob) -> None:
    here = new_job()
    there = new_job(manager="other", job_id=here.job_id)
    made_here, made_there = here.output("dataset_1.dat"), there.output("dataset_1.dat")
    here.submit(f"echo here > {made_here}; exit 1")
    there.submit(f"echo there > {made_there}; exit 2")
    for job in (here, there):
        job.wait()
    assert (here.status()["returncode"], there.status()["returncode"]) == (1, 2)
    here.finish(here.status())
    there.finish(there.status())
    assert (made_here.read_text(), made_there.read_text()) == ("here\n", "there\n")


def test_an_unknown_manager_is_refused(new_job: NewJob) -> None:
    job = new_job(manager="nowhere")
    with pytest.raises(Refused) as refused:
        job.submit("true")
    assert refused.value.http_status == 404


@pytest.mark.parametrize("token", ["wrong", None])
def test_a_wrong_token_is_refused(new_job: NewJob, server: LiveServer, token: str | None) -> None:
    job = new_job(private_token=token)
    with pytest.raises(Refused) as refused:
        job.submit("true")
    assert refused.value.http_status == 401
    assert not (server.staging / job.job_id).exists()


def test_a_job_that_the_server_does_not_know_is_lost(new_job: NewJob) -> None:
    job = new_job()
    job.submit("true")
    job.wait()
    job.clean()
    status = job.status()
    assert (status["status"], status["complete"], status["returncode"]) == ("lost", "true", None)
    assert status["outputs_directory_contents"] == status["realized_dynamic_file_sources"] == []
    job.kill()
    job.clean()


def test_the_directories_may_be_computed_by_the_client(new_job: NewJob, server: LiveServer) -> None:
    """With `jobs_directory` the submission brings the setup and the configuration files with it."""
    job = new_job(jobs_directory=str(server.staging), default_file_action="none")
    given = job.input("dataset_1.dat", "alpha\n")
    made = job.output("dataset_2.dat")
    config = job.config("run.sh", f"cat {given} > {made}; echo 'ünïcödé ☃'\n")
    status = job.run(f"sh {config}")
    assert status["stdout"] == "ünïcödé ☃\n"
    assert made.read_text() == "alpha\n"


def test_a_server_may_assign_ids_and_still_knows_galaxys(new_job: NewJob, server: LiveServer) -> None:
    """Galaxy polls with its own id even where the client was told another one."""
    job = new_job(manager="assigning")
    job.submit("exit 3")
    job.wait()
    assert re.fullmatch("[0-9a-f]{32}", job.setup["job_id"])
    address = f"{server.url}managers/assigning/jobs/{job.job_id}/status"
    status = requests.get(address, params={"private_token": server.token}, timeout=10).json()
    assert (status["status"], status["returncode"]) == ("complete", 3)
