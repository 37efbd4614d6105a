"""Submits of one job at once, and one after the other: it runs once."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

from runtime.tests.bad_input.api import Api, job_path, new_id

AT_ONCE = 20

Result = TypeVar("Result")


def test_submits_at_once_run_the_job_once(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    codes = _at_once(lambda: api.submit(job_id, "echo ran >> ../outputs/runs; sleep 0.2").code)
    assert codes == [200] * AT_ONCE
    assert api.wait(job_id)["status"] == "complete"
    assert (directory / "outputs" / "runs").read_text() == "ran\n"


def test_submits_at_once_that_set_up_too_run_the_job_once(api: Api) -> None:
    """As a client does that computes the layout itself (protocol.md section 4.3)."""
    job_id = new_id()
    setup_params = json.dumps({"job_id": job_id, "tool_id": "t"})
    query = {"command_line": "echo ran >> ../outputs/runs; sleep 0.2", "setup_params": setup_params}
    codes = _at_once(lambda: api.ask("POST", job_path(job_id, "/submit"), query=query).code)
    assert codes == [200] * AT_ONCE
    assert api.wait(job_id)["status"] == "complete"
    assert (api.server.staging / job_id / "outputs" / "runs").read_text() == "ran\n"


def test_the_first_submission_counts(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    for number in (1, 2):
        assert api.submit(job_id, f"echo {number} >> ../outputs/runs; sleep 0.2").code == 200
    api.wait(job_id)
    assert api.submit(job_id, "echo 3 >> ../outputs/runs").code == 200
    assert api.status(job_id)["status"] == "complete"
    assert (directory / "outputs" / "runs").read_text() == "1\n"


def test_setups_at_once_make_one_job(api: Api) -> None:
    job_id = new_id()
    directories: list[Path] = _at_once(lambda: api.setup(job_id))
    assert set(directories) == {api.server.staging / job_id}
    assert api.status(job_id)["status"] == "preprocessing"


def test_a_setup_while_the_job_runs_leaves_it_alone(api: Api) -> None:
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "until [ -e ../go ]; do sleep 0.05; done; exit 3")
    api.wait(job_id, "running")
    assert api.upload(job_id, "kept", "input").code == 200
    assert api.setup(job_id) == directory
    assert api.status(job_id)["status"] == "running"
    assert (directory / "inputs" / "kept").exists()
    (directory / "go").touch()
    assert api.wait(job_id)["returncode"] == 3


def test_a_job_that_has_ended_begins_anew_with_its_next_setup(api: Api) -> None:
    """Galaxy uses an id again after a failed staging (issue 2)."""
    job_id = new_id()
    directory = api.setup(job_id)
    api.submit(job_id, "echo first > ../outputs/a; echo said; exit 3")
    api.wait(job_id)
    api.setup(job_id)
    assert api.status(job_id)["status"] == "preprocessing"
    assert list((directory / "outputs").iterdir()) == []
    api.submit(job_id, "exit 4")
    status = api.wait(job_id)
    assert (status["returncode"], status["job_stdout"]) == (4, "")


def _at_once(call: Callable[[], Result]) -> list[Result]:
    barrier = Barrier(AT_ONCE)

    def when_all_are_there(_: int) -> Result:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(when_all_are_there, range(AT_ONCE)))
