"""The world of a batch manager: stand-ins of a batch system's commands, real processes, a real reactor."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ExternalId
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch import record
from pulsar_runtime.managers.batch.commands import ReactorCommands, Told
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.dialects.registry import DIALECTS
from pulsar_runtime.managers.batch.host import Host, LocalHost
from pulsar_runtime.managers.batch.manager import BatchManager, BatchSettings
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.ports import JobManager
from pulsar_runtime.testing.outages import InMemoryOutages
from runtime.tests.batch_system.installed import InstalledBatchSystem
from runtime.tests.contract.orders import OrderedJobs

#: Commands are processes, and the tests share the machine.
_LIMIT_SECONDS = 20.0
_TURN_SECONDS = 0.005
_QUIET_SECONDS = 0.3


class WatchedCommands:
    """Implements `Commands`, and knows what runs and what has ended."""

    def __init__(self, commands: ReactorCommands) -> None:
        self._commands = commands
        self.running: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    def run(self, argv: Sequence[str], told: Told, *, stdin: int | None = None) -> None:
        def tell(result: CommandResult) -> None:
            self.running[argv[0]] -= 1
            told(result)
            self.ended[argv[0]] += 1

        self.running[argv[0]] += 1
        self._commands.run(argv, tell, stdin=stdin)

    def close(self) -> None:
        self._commands.close()


class BatchMachine:
    """Implements `Machine` with a stand-in of a batch system."""

    def __init__(self, directory: Path, dialect: str) -> None:
        self.system = InstalledBatchSystem(directory, dialect)
        self.dialect = DIALECTS[dialect]
        self.host: Host = LocalHost()
        self._records = directory / "launches"
        self._records.mkdir()
        self._reactor = SelectorReactor()
        self._told: list[ExternalId] = []
        self._jobs = OrderedJobs(directory)
        self._unattended = False
        self._commands: WatchedCommands | None = None

    def manager(
        self,
        limit: int | None = None,
        *,
        changed: Callable[[ExternalId], None] | None = None,
        **settings: object,
    ) -> JobManager:
        self.system.limit(limit)
        quick = {"shortest_seconds": 0.05, "longest_seconds": 0.1, "look_seconds": 0.02, "retry_seconds": 0.1}
        self._commands = WatchedCommands(
            ReactorCommands(
                self._reactor,
                environ={"PATH": f"{self.system.commands}:{os.environ['PATH']}"},
                limit_seconds=20.0,
            )
        )
        return BatchManager(
            dialect=self.dialect,
            host=self.host,
            user="somebody",
            identity="this instance",
            records=self._records,
            reactor=self._reactor,
            commands=self._commands,
            changed=changed or self._told.append,
            outages=Outages(InMemoryOutages(time.time), DEFAULT_MANAGER),
            settings=BatchSettings(
                **{
                    **quick,
                    "job_name_template": "$job_id",
                    "grace_seconds": 0.2,
                    # Several at a time do not come to the batch system in their order.
                    "workers": 1,
                    "patience_seconds": 5.0,
                    **settings,
                }  # type: ignore[arg-type] # by their names, of several types
            ),
        )

    def restarted(
        self,
        earlier: JobManager,
        *,
        limit: int | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> JobManager:
        earlier.close()
        self._commands = None
        self._reactor.close()
        self._reactor = SelectorReactor()
        if meanwhile:
            self._unattended = True
            meanwhile()
            self._unattended = False
        return self.manager(limit)

    def job(self, name: str) -> LaunchSpec:
        return self._jobs.spec(name)

    def begin_to_start(self, spec: LaunchSpec) -> None:
        os.close(record.create(str(self._records / spec.launch_id), "#!/bin/bash\n"))

    def forget_numbers(self) -> None:
        """Lose what an agent wrote down after the batch system had answered."""
        for path in self._records.iterdir():
            path.write_text("#!/bin/bash\n")

    def end(self, spec: LaunchSpec, exit_code: int) -> None:
        self._jobs.end(spec, exit_code)
        if self._unattended:
            _wait_until(lambda: self.system.state(spec.launch_id) == "done")

    def kill_without_a_trace(self, spec: LaunchSpec) -> None:
        self.system.end(spec.launch_id, "vanished")

    def reboot(self) -> None:
        raise NotImplementedError("jobs are on other hosts")

    def starts(self) -> list[str]:
        return self._jobs.starts()

    def told(self) -> list[str]:
        return [*self._told]

    def forget_what_was_told(self) -> None:
        self._told.clear()

    def work(self) -> None:
        """Let answers come to questions asked from now on, and what follows from them happen."""
        commands, status = self._commands, self.dialect.commands[1]
        assert commands is not None
        enough = commands.ended[status] + 3
        quiet_since = time.monotonic()
        while time.monotonic() < quiet_since + _QUIET_SECONDS:
            self._run(_TURN_SECONDS)
            others = commands.running.total() - commands.running[status]
            if commands.ended[status] >= enough and not others:
                return
            if commands.running.total():
                quiet_since = time.monotonic()

    def work_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"not within {_LIMIT_SECONDS} s; started: {self.starts()}"
            self._run(_TURN_SECONDS)

    def end_everything(self) -> None:
        """Kill what still runs, and release what is held."""
        if self._commands is not None:
            self._commands.close()
        self.system.end_everything()
        self._jobs.close()
        self._reactor.close()

    def _run(self, seconds: float) -> None:
        self._reactor.call_later(seconds, self._reactor.stop)
        self._reactor.run()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
