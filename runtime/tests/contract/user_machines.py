"""Machines whose jobs run as their users: a stand-in of sudo and the launcher before each batch system."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.domain.ids import ExternalId
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.drmaa.client import SessionClient
from pulsar_runtime.managers.drmaa.door import Door, Refused, Taken
from pulsar_runtime.managers.drmaa.manager import MakeDoor
from pulsar_runtime.managers.drmaa.user_door import UserDoor
from pulsar_runtime.managers.local import LocalManager
from pulsar_runtime.managers.real_user import users
from pulsar_runtime.managers.real_user.errands import Errands
from pulsar_runtime.managers.real_user.manager import RealUserManager
from pulsar_runtime.managers.real_user.sudo import Sudo
from pulsar_runtime.managers.real_user.user_host import UserHost
from pulsar_runtime.managers.real_user.user_processes import UserProcesses
from pulsar_runtime.managers.real_user.users import Users
from pulsar_runtime.ports import JobManager
from runtime.tests.contract.batch_machine import BatchMachine
from runtime.tests.contract.condor_machine import CondorMachine
from runtime.tests.contract.drmaa_machine import DrmaaMachine
from runtime.tests.contract.local_machine import LocalMachine

#: A user that every Debian has.
SOMEBODY = "nobody"

SUDO = Sudo("/usr/local/libexec/launcher")

_PROGRAM = Path(__file__).parents[1] / "batch_system" / "sudo.py"


class Sudoers:
    """The stand-ins in a directory, and what they were asked for."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory / "sudoers"
        self.directory.mkdir()
        self.commands = directory / "bin"
        self.commands.mkdir(exist_ok=True)
        self.mapping: str | None = None
        self._errands: list[Errands] = []
        words = [sys.executable, "-S", str(_PROGRAM), str(self.directory), str(directory / "cluster")]
        self.program("sudo", f'exec {shlex.join(words)} "$@"')
        monkeypatch.setattr(users, "owner", self.owner)

    def program(self, name: str, text: str) -> str:
        """Make a program."""
        path = self.commands / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def owner(self, directory: str) -> str:
        """Return whose a job's directory is, as the stand-in has it."""
        path = self.directory / Path(directory).name
        return path.read_text() if path.exists() else ""

    def fault(self, **faults: str) -> None:
        """Let actions of the launcher fail."""
        (self.directory / "faults.json").write_text(json.dumps(faults))

    def requests(self) -> list[dict[str, Any]]:
        """Return what the launcher was asked for."""
        path = self.directory / "requests"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def asked(self) -> list[tuple[str, str]]:
        """Return the same, in short: what was done, and as whom."""
        return [(request.get("program", request["action"]), request["user"]) for request in self.requests()]

    def close(self) -> None:
        """Wait for nothing any more."""
        for errands in self._errands:
            errands.close()

    def around(
        self,
        reactor: SelectorReactor,
        changed: Callable[[ExternalId], None],
        make: Callable[[Callable[[ExternalId], None]], JobManager],
    ) -> RealUserManager:
        """Return the manager that runs jobs as their users around the one that *make* makes."""
        environ = {"PATH": f"{self.commands}:{os.environ['PATH']}"}
        # One at a time, for the contract expects jobs in their order.
        self._errands = [
            Errands(ReactorCommands(reactor, environ=environ, limit_seconds=seconds), width=1)
            for seconds in (0.5, 20.0)
        ]
        mapping, errands = self._errands
        return RealUserManager(
            make=make,
            sudo=SUDO,
            users=Users(mapping=self.mapping, errands=mapping),
            errands=errands,
            reactor=reactor,
            changed=changed,
        )


class UserBatchMachine(BatchMachine):
    """Implements `Machine` with a batch system that is spoken to by its commands."""

    def __init__(self, directory: Path, dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory, dialect)
        self.sudoers = Sudoers(directory, monkeypatch)
        self.host = UserHost(SUDO)

    def manager(self, limit: int | None = None, **settings: object) -> JobManager:
        def make(changed: Callable[[ExternalId], None]) -> JobManager:
            return super(UserBatchMachine, self).manager(limit, changed=changed, **settings)

        return self.sudoers.around(self._reactor, self._told.append, make)

    def job(self, name: str, user: str = SOMEBODY) -> LaunchSpec:
        return self._jobs.spec(name, **({"user": user} if user else {}))

    def end_everything(self) -> None:
        self.sudoers.close()
        super().end_everything()


class UserCondorMachine(CondorMachine):
    """Implements `Machine` with a stand-in of an HTCondor pool."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory)
        self.sudoers = Sudoers(directory, monkeypatch)
        self.host = UserHost(SUDO)

    def manager(self, limit: int | None = None, *, limit_seconds: float = 20.0) -> JobManager:  # type: ignore[override] # around what the other makes
        def make(changed: Callable[[ExternalId], None]) -> JobManager:
            return super(UserCondorMachine, self).manager(limit, limit_seconds=limit_seconds, changed=changed)

        return self.sudoers.around(self.reactor, self.tellings.append, make)

    def job(self, name: str, user: str = SOMEBODY) -> LaunchSpec:
        return self.jobs.spec(name, **({"user": user} if user else {}))

    def end_everything(self) -> None:
        self.sudoers.close()
        super().end_everything()


class UserDrmaaMachine(DrmaaMachine):
    """Implements `Machine` with a cluster that has a DRMAA library."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory, monkeypatch)
        self.sudoers = Sudoers(directory, monkeypatch)

    def manager(self, limit: int | None = None) -> JobManager:  # type: ignore[override] # around what the other makes
        def make(changed: Callable[[ExternalId], None]) -> JobManager:
            return super(UserDrmaaMachine, self).manager(limit, changed=changed)

        return self.sudoers.around(self.reactor, self.tellings.append, make)

    def door(self) -> MakeDoor:
        return self._door

    def _door(self, _session: SessionClient, taken: Taken, refused: Refused) -> Door:
        environ = {"PATH": f"{self.sudoers.commands}:{os.environ['PATH']}"}
        commands = ReactorCommands(self.reactor, environ=environ)
        return UserDoor(sudo=SUDO, library="libdrmaa.so", commands=commands, taken=taken, refused=refused)

    def job(self, name: str, user: str = SOMEBODY) -> LaunchSpec:
        return self.jobs.spec(name, **({"user": user} if user else {}))

    def end_everything(self) -> None:
        self.sudoers.close()
        super().end_everything()


class UserLocalMachine(LocalMachine):
    """Implements `Machine` with the processes of this machine."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(directory, monkeypatch)
        self.sudoers = Sudoers(directory, monkeypatch)
        self._commands: ReactorCommands | None = None

    def manager(self, limit: int | None = None) -> JobManager:
        environ = {"PATH": f"{self.sudoers.commands}:{os.environ['PATH']}", "HOME": str(self._directory)}
        self._commands = ReactorCommands(self._reactor, environ=environ)
        processes = UserProcesses(SUDO, self._commands)

        def make(changed: Callable[[ExternalId], None]) -> JobManager:
            return LocalManager(
                limit=limit,
                records=self._directory / "launches",
                reactor=self._reactor,
                changed=changed,
                environ=environ,
                kill_after_seconds=0.2,
                user_processes=processes,
            )

        return self.sudoers.around(self._reactor, self._told.append, make)

    def job(self, name: str, user: str = SOMEBODY) -> LaunchSpec:
        spec = super().job(name)
        parameters = {"user": user} if user else {}
        return attrs.evolve(spec, job_directory=spec.working_directory, submit_params=parameters)

    def end_everything(self) -> None:
        self.sudoers.close()
        if self._commands is not None:
            self._commands.close()
        super().end_everything()


UserMachine = UserLocalMachine | UserBatchMachine | UserCondorMachine | UserDrmaaMachine
