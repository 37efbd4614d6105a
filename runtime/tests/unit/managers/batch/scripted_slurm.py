"""A Slurm without processes: what it knows is a table that tests write, and its answers are text as ever."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ExternalId
from pulsar_runtime.domain.job import LaunchSpec, Observation
from pulsar_runtime.managers.batch.commands import Told
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.dialects.slurm import DIALECT
from pulsar_runtime.managers.batch.host import LocalHost
from pulsar_runtime.managers.batch.manager import BatchManager, BatchSettings
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.outages import InMemoryOutages
from pulsar_runtime.testing.reactor import ManualReactor

#: Longer than any interval of a manager's, and shorter than its patience with a return code on its way.
A_WHILE = 31.0

FAILURES = {
    "failure": CommandResult(
        exit_code=1, stderr="slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"
    ),
    "hang": CommandResult(exit_code=None, stderr="squeue did not end within 60 s"),
    "silence": CommandResult(stdout=""),
    "nonsense": CommandResult(stdout="<html>502 Bad Gateway</html>\n"),
    "half a line": CommandResult(stdout="JOBID|NAME|STATE|REASON\n12|pulsar"),
}


@attrs.define
class Entry:
    """A job as Slurm knows it."""

    number: str
    state: str = "PENDING"
    reason: str = "None"
    code: str = "0:0"
    #: squeue forgets jobs some time after their end; sacct does not.
    listed: bool = True


class ScriptedSlurm:
    """The table, the manager that asks for it, and its job directories."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock(now=1000.0)
        self.reactor = ManualReactor(self.clock)
        self.directory = directory
        self.entries: dict[str, Entry] = {}
        self.counts: Counter[str] = Counter()
        self.submitted: list[Sequence[str]] = []
        self.scripts: list[str] = []
        #: What a command answers in place of doing anything.
        self.answers: dict[str, CommandResult] = {}
        #: The answer of the next sbatch gets lost, after it was obeyed.
        self.lose_next_number = False
        self.has_books = True
        self.told: list[ExternalId] = []
        self.outages = InMemoryOutages(self.clock)
        self.records = directory / "launches"
        self.records.mkdir()
        self.manager = self.new_manager()

    def new_manager(self) -> BatchManager:
        """Return the manager of another agent; what the earlier one had planned ends with it."""
        self.reactor = ManualReactor(self.clock)
        self.manager = BatchManager(
            dialect=DIALECT,
            host=LocalHost(),
            user="somebody",
            identity="this instance",
            records=self.records,
            reactor=self.reactor,
            commands=Commands(self),
            changed=self.told.append,
            outages=Outages(self.outages, DEFAULT_MANAGER),
            clock=self.clock,
            settings=BatchSettings(),
        )
        return self.manager

    def spec(self, name: str = "7-1", **parameters: str) -> LaunchSpec:
        """Return a launch with a job directory."""
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        return LaunchSpec(
            launch_id=name,
            script=f"{directory}/command.sh",
            working_directory=f"{directory}/working",
            stdout=f"{directory}/job_stdout",
            stderr=f"{directory}/job_stderr",
            job_id="123",
            job_directory=str(directory),
            submit_params=parameters,
        )

    def submit(self, name: str = "7-1", **parameters: str) -> LaunchSpec:
        """Let a manager take a job, and Slurm too."""
        spec = self.spec(name, **parameters)
        self.manager.submit(spec)
        self.pass_time(0.0)
        return spec

    def run(self, name: str = "7-1") -> LaunchSpec:
        """Return a job that is seen running."""
        spec = self.submit(name)
        self.entry(spec).state = "RUNNING"
        self.started(spec)
        self.pass_time(A_WHILE)
        return spec

    def entry(self, spec: LaunchSpec) -> Entry:
        """Return what Slurm knows of a launch, in the order of submissions."""
        (name,) = [argument for argument in self.submitted[self._place(spec)] if "--job-name=" in argument]
        return self.entries[name.partition("=")[2]]

    def seen(self, spec: LaunchSpec) -> Observation | None:
        """Return what the manager says of a launch."""
        external_id = ExternalId(spec.launch_id)
        return self.manager.observe([external_id]).get(external_id)

    def pass_time(self, seconds: float) -> None:
        """Let time pass in small steps, as files appear between them."""
        self.reactor.advance(seconds)

    def started(self, spec: LaunchSpec) -> None:
        """Leave what a script leaves that begins."""
        Path(spec.job_directory, "started").touch()

    def leave_code(self, spec: LaunchSpec, code: int) -> None:
        """Leave what a script leaves that ends."""
        Path(spec.job_directory, "return_code").write_text(f"{code}\n")

    def run_command(self, command: str, argv: Sequence[str], script: str) -> CommandResult:
        """Do what a command does."""
        if command in self.answers:
            return self.answers[command]
        if command == "sbatch":
            name = next(word for word in argv if word.startswith("--job-name=")).partition("=")[2]
            self.submitted.append(argv)
            self.scripts.append(script)
            entry = self.entries[name] = Entry(number=str(len(self.submitted)))
            lost, self.lose_next_number = self.lose_next_number, False
            return CommandResult(exit_code=None) if lost else CommandResult(stdout=f"{entry.number}\n")
        if command == "scancel":
            for entry in self.entries.values():
                if entry.number in argv:
                    entry.state = "CANCELLED"
            return CommandResult()
        if command == "sacct" and not self.has_books:
            return CommandResult(exit_code=1, stderr="Slurm accounting storage is disabled\n")
        if command == "sacct":
            lines = [
                f"{entry.number}|{name}|{entry.state}|{entry.code}\n" for name, entry in self.entries.items()
            ]
            return CommandResult(stdout="JobIDRaw|JobName|State|ExitCode\n" + "".join(lines))
        lines = [
            f"{entry.number}|{name}|{entry.state}|{entry.reason}\n"
            for name, entry in self.entries.items()
            if entry.listed
        ]
        return CommandResult(stdout="JOBID|NAME|STATE|REASON\n" + "".join(lines))

    def run_argv(self, argv: Sequence[str], told: Callable[[CommandResult], None], script: str) -> None:
        self.counts[argv[0]] += 1
        result = self.run_command(argv[0], argv, script)
        self.reactor.call_later(0.0, lambda: told(result))

    def _place(self, spec: LaunchSpec) -> int:
        for place, script in enumerate(self.scripts):
            if f"{spec.job_directory}/" in script:
                return place
        raise LookupError(spec.launch_id)


class Commands:
    """Implements `Commands` for a `ScriptedSlurm`."""

    def __init__(self, slurm: ScriptedSlurm) -> None:
        self._slurm = slurm

    def run(self, argv: Sequence[str], told: Told, *, stdin: int | None = None) -> None:
        script = "" if stdin is None else os.read(stdin, 65536).decode()
        self._slurm.run_argv(argv, told, script)

    def close(self) -> None:
        """Nothing is held."""
