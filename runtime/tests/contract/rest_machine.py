"""The world of a batch manager that has Slurm's REST API and none of its commands."""

from __future__ import annotations

import os
from pathlib import Path

from pulsar_runtime.managers.slurmrestd.host import DIALECT, SlurmrestdHost
from runtime.tests.batch_system.rest import TOKEN, USER, StandInSlurmrestd
from runtime.tests.contract.batch_machine import BatchMachine


class RestMachine(BatchMachine):
    """Implements `Machine` with the stand-in of Slurm, behind a stand-in of slurmrestd."""

    def __init__(self, directory: Path, version: str) -> None:
        super().__init__(directory, "Slurm")
        token = directory / "token"
        token.write_text(f"SLURM_JWT={TOKEN}\n")
        self.rest = StandInSlurmrestd(self.system, version)
        self.dialect = DIALECT
        self.host = SlurmrestdHost(
            url=self.rest.url,
            user=USER,
            token_file=str(token),
            environment={"PATH": os.environ["PATH"]},
        )

    def end_everything(self) -> None:
        super().end_everything()
        self.rest.close()
