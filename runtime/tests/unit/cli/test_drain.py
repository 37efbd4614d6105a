"""``pulsar-runtime drain`` and ``resume``: what they print, and how they exit."""

from __future__ import annotations

import json

import pytest

from pulsar_runtime.domain.status import JobStatus
from runtime.tests.unit.cli.command import Instance

RUNNING = (JobStatus.QUEUED, JobStatus.RUNNING)
COMPLETE = (*RUNNING, JobStatus.POSTPROCESSING, JobStatus.COMPLETE)


def since(instance: Instance) -> float | None:
    with instance.store() as store:
        return store.draining_since()


def test_the_state_is_told_to_machines(instance: Instance) -> None:
    instance.job("set-up")
    instance.job("runs", *RUNNING)
    instance.job("ended", *COMPLETE)
    first, second = instance.run("drain", "--json"), instance.run("drain", "--json")
    assert (first.exit_code, second.exit_code) == (0, 0)
    expected = {
        "draining": True,
        "since": since(instance),
        "changed": True,
        "active": 2,
        "ended": 1,
        "by_status": {"preprocessing": 1, "running": 1, "complete": 1},
    }
    assert json.loads(first.stdout) == expected
    assert json.loads(second.stdout) == {**expected, "changed": False}


def test_the_resumption_is_told_to_machines(instance: Instance) -> None:
    instance.job("ended", *COMPLETE)
    instance.run("drain")
    ended = instance.run("resume", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == {
        "draining": False,
        "since": None,
        "changed": True,
        "active": 0,
        "ended": 1,
        "by_status": {"complete": 1},
    }
    assert since(instance) is None
    assert json.loads(instance.run("resume", "--json").stdout)["changed"] is False


def test_a_dry_run_tells_the_state_and_leaves_it(instance: Instance) -> None:
    instance.job("runs", *RUNNING)
    expected = {"draining": False, "since": None, "changed": False, "active": 1, "ended": 0}
    said = instance.run("drain", "--dry-run", "--wait", "60", "--json")
    assert (said.exit_code, json.loads(said.stdout)) == (0, {**expected, "by_status": {"running": 1}})
    assert since(instance) is None
    instance.run("drain")
    assert json.loads(instance.run("drain", "--dry-run", "--json").stdout)["draining"] is True


def test_the_state_is_told_to_people(instance: Instance) -> None:
    instance.job("runs", *RUNNING)
    ended = instance.run("drain")
    assert ended.stdout == (
        "The server takes no new jobs. It has 1 active and 0 ended jobs that Galaxy has not cleaned up "
        "(1 running).\n"
    )


def test_a_server_without_jobs_is_idle_at_once(instance: Instance) -> None:
    with instance.store():
        pass
    ended = instance.run("drain", "--wait", "60")
    assert ended.exit_code == 0
    assert ended.stdout == "The server takes no new jobs. It has no jobs.\n"


def test_ended_jobs_are_not_waited_for(instance: Instance) -> None:
    instance.job("ended", *COMPLETE)
    assert instance.run("drain", "--wait", "60").exit_code == 0


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_active_jobs_when_the_time_is_up_are_an_exit_code_of_their_own(
    instance: Instance, form: tuple[str, ...]
) -> None:
    instance.job("runs", *RUNNING)
    ended = instance.run("drain", "--wait", "0", *form)
    assert ended.exit_code == 3
    assert "not all jobs have ended after 0 s; no agent runs" in ended.stderr
    assert since(instance) is not None
    if form:
        assert json.loads(ended.stdout)["active"] == 1


@pytest.mark.parametrize("command", ["drain", "resume"])
def test_a_store_that_is_not_there_is_not_made(instance: Instance, command: str) -> None:
    ended = instance.run(command)
    assert ended.exit_code == 1
    assert "there is no job store" in ended.stderr
    assert not (instance.directory / "persisted").exists()


def test_a_damaged_store_is_told_without_a_traceback(instance: Instance) -> None:
    (instance.directory / "persisted").mkdir()
    (instance.directory / "persisted" / "jobs.sqlite").write_bytes(b"not a database\n" * 100)
    ended = instance.run("drain")
    assert ended.exit_code == 1
    assert "is damaged" in ended.stderr
    assert isinstance(ended.exception, SystemExit)
