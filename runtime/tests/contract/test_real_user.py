"""Jobs that run as the user who asked for them, by a launcher that has the privileges for it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.domain.status import SchedulerState
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.drmaa.client import SessionClient
from pulsar_runtime.managers.drmaa.door import Door, Refused, Taken
from pulsar_runtime.managers.drmaa.manager import MakeDoor
from pulsar_runtime.managers.drmaa.user_door import UserDoor
from pulsar_runtime.ports import JobManager
from runtime.tests.contract.drmaa_machine import DrmaaMachine

RUNNING, ENDED = SchedulerState.RUNNING, SchedulerState.ENDED

#: Users that every Debian has.
SOMEBODY = "nobody"

_SUDO = Path(__file__).parents[1] / "batch_system" / "sudo.py"


class UserMachine(DrmaaMachine):
    """A cluster whose jobs are submitted by a launcher."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory, monkeypatch)
        self.mapping: str | None = None
        self._commands = directory / "bin"
        self._commands.mkdir()
        self.program("sudo", f'exec {shlex.join([sys.executable, str(_SUDO), str(self.directory)])} "$@"')

    def program(self, name: str, text: str) -> str:
        """Make a program."""
        path = self._commands / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def door(self) -> MakeDoor:
        return self._door

    def _door(self, _session: SessionClient, taken: Taken, refused: Refused) -> Door:
        environ = {"PATH": f"{self._commands}:{os.environ['PATH']}"}
        return UserDoor(
            launcher="/usr/local/libexec/launcher",
            mapping=self.mapping,
            commands=ReactorCommands(self.reactor, environ=environ),
            mapping_commands=ReactorCommands(self.reactor, environ=environ, limit_seconds=0.5),
            taken=taken,
            refused=refused,
        )

    def requests(self) -> list[dict[str, Any]]:
        """Return what the launcher was asked for."""
        path = self.directory / "requests"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def actions(self) -> list[tuple[str, str]]:
        return [(request["action"], request["user"]) for request in self.requests()]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserMachine]:
    machine = UserMachine(tmp_path, monkeypatch)
    yield machine
    machine.end_everything()


def job(machine: UserMachine, name: str = "a", user: str = SOMEBODY) -> LaunchSpec:
    return machine.jobs.spec(name, user=user) if user else machine.jobs.spec(name)


def seen(manager: JobManager, spec: LaunchSpec) -> Observation:
    (observation,) = manager.observe([manager.submit(spec)]).values()
    return observation


def wait_for(
    machine: UserMachine, manager: JobManager, spec: LaunchSpec, state: SchedulerState
) -> Observation:
    manager.submit(spec)
    machine.work_until(lambda: seen(manager, spec).state is state)
    return seen(manager, spec)


def test_a_job_is_handed_over_runs_as_its_user_and_is_taken_back(machine: UserMachine) -> None:
    manager = machine.manager()
    spec = job(machine)
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: machine.starts() == ["a"])
    assert machine.actions() == [("submit", SOMEBODY)]
    machine.end(spec, 3)
    assert wait_for(machine, manager, spec, ENDED).exit_code == 3
    assert machine.actions() == [("submit", SOMEBODY), ("take_back", SOMEBODY)]
    assert {request["directory"] for request in machine.requests()} == {spec.job_directory}


def test_what_the_job_makes_is_open_to_the_agents_group_alone(machine: UserMachine) -> None:
    manager = machine.manager()
    wait_for(machine, manager, job(machine), RUNNING)
    assert machine.requests()[0]["arguments"][1].startswith("umask 007; ")


def test_galaxys_user_is_mapped(machine: UserMachine) -> None:
    machine.mapping = machine.program("map", f'[ "$1" = -- ] && [ "$2" = -x@example.org ] && echo {SOMEBODY}')
    wait_for(machine, machine.manager(), job(machine, user="-x@example.org"), RUNNING)
    assert machine.actions() == [("submit", SOMEBODY)]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("echo root", "jobs cannot run as root"),
        ("echo no-such-user", "there is no user 'no-such-user' on this machine"),
        ("true", "'' cannot be the name of a user"),
        ("echo 'nobody; id'", "'nobody; id' cannot be the name of a user"),
        ("echo -u", "'-u' cannot be the name of a user"),
        ("printf 'nobody\\nroot\\n'", "cannot be the name of a user"),
        ("echo unknown to us >&2; exit 3", "does not know 'g': unknown to us"),
        ("sleep 30", "did not end within"),
    ],
)
def test_a_mapping_that_fails_or_names_root_fails_the_job(
    machine: UserMachine, mapping: str, words: str
) -> None:
    machine.mapping = machine.program("map", mapping)
    ended = wait_for(machine, machine.manager(), job(machine, user="g"), ENDED)
    assert ended.exit_code is None
    assert ended.reason.startswith("the job cannot run as its user: ")
    assert words in ended.reason
    assert machine.requests() == []


@pytest.mark.parametrize(("user", "words"), [("", "submit_user: $__user_name__"), ("root", "run as root")])
def test_a_job_without_a_fit_user_fails(machine: UserMachine, user: str, words: str) -> None:
    ended = wait_for(machine, machine.manager(), job(machine, user=user), ENDED)
    assert words in ended.reason
    assert machine.requests() == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("password", "the launcher failed: sudo: a password is required"),
        ("refuse", "jobs cannot run as daemon"),
        ("unknown queue", "the batch system does not take it: unknown queue"),
    ],
)
def test_a_launcher_that_refuses_fails_the_job_with_its_words(
    machine: UserMachine, fault: str, words: str
) -> None:
    machine.fault(submit=fault)
    assert words in wait_for(machine, machine.manager(), job(machine), ENDED).reason


def test_a_cancelled_job_is_ended_by_its_user(machine: UserMachine) -> None:
    manager = machine.manager()
    spec = job(machine)
    wait_for(machine, manager, spec, RUNNING)
    machine.work_until(lambda: machine.starts() == ["a"])
    later = machine.restarted(manager)
    later.cancel(later.submit(spec))
    machine.work_until(lambda: seen(later, spec).state not in (RUNNING, SchedulerState.PENDING))
    assert machine.actions() == [("submit", SOMEBODY), ("terminate", SOMEBODY), ("take_back", SOMEBODY)]


def test_a_submission_that_outlives_its_agent_is_found(machine: UserMachine) -> None:
    machine.fault(submit="slow")
    manager = machine.manager()
    spec = job(machine)
    manager.submit(spec)
    machine.work_until(lambda: bool(machine.requests()))
    later = machine.restarted(manager)
    wait_for(machine, later, spec, RUNNING)
    machine.work_until(lambda: machine.starts() == ["a"])
    machine.work()
    assert machine.actions() == [("submit", SOMEBODY)]


def test_a_directory_that_cannot_be_taken_back_is_told(machine: UserMachine) -> None:
    manager = machine.manager()
    spec = job(machine)
    wait_for(machine, manager, spec, RUNNING)
    machine.fault(take_back="password")
    machine.end(spec, 0)
    ended = wait_for(machine, manager, spec, ENDED)
    assert ended.exit_code == 0
    assert "could not be taken back: sudo: a password is required" in ended.reason
