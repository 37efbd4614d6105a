"""Commands, run in this process on a store of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
import yaml
from click.testing import CliRunner, Result

from pulsar_runtime.cli import main
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, JobId
from pulsar_runtime.domain.job import Job, Tool, Transition
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.store.job_files import JobDirectories
from pulsar_runtime.store.job_store import SqliteJobStore
from pulsar_runtime.testing.clock import ManualClock


@attrs.frozen
class Instance:
    """A configured server that does not run."""

    directory: Path
    #: When its jobs did what they did.
    clock: ManualClock = attrs.field(factory=lambda: ManualClock(now=1000.0))

    def configure(self, **settings: object) -> None:
        """Write the configuration."""
        places = {
            "staging_directory": str(self.directory / "staging"),
            "persistence_directory": str(self.directory / "persisted"),
        }
        (self.directory / "app.yml").write_text(yaml.safe_dump({**places, **settings}))

    def run(self, *arguments: str) -> Result:
        """Run a command on this configuration."""
        return CliRunner().invoke(main, [*arguments, "--config", str(self.directory / "app.yml")])

    @contextmanager
    def store(self) -> Iterator[SqliteJobStore]:
        """Give the job store, made here if there is none."""
        with closing(SqliteJobStore(self.directory / "persisted", self.clock)) as store:
            store.open()
            yield store

    def job(self, name: str, *way: JobStatus, size: int = 0) -> Job:
        """Make a job with a directory that holds a file, and bring it through these statuses."""
        directory = str(self.directory / "staging" / name)
        files = JobDirectories()
        files.create(directory, Tool())
        Path(directory, "outputs", "out").write_bytes(b"x" * size)
        with self.store() as store:
            job = store.begin(DEFAULT_MANAGER, JobId(name), None, directory, Tool())
            for source, target in zip((JobStatus.PREPROCESSING, *way), way, strict=False):
                store.apply([Transition(key=job.key, source=source, target=target)])
        return job
