"""Jobs of batch systems that say that they were started, then wait to be told how to end."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from pulsar_runtime.domain.job import LaunchSpec

#: Leaves what job scripts leave (protocol section 8.3); an earlier start's return code goes.
_JOB = """\
cd {directory}
rm -f return_code
touch started
echo {name} >> {starts}
read -r code < orders
echo "$code" > return_code
exit "$code"
"""


class OrderedJobs:
    """Job directories, each with a FIFO for its orders."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "jobs with 'quotes' and spaces"
        self._directory.mkdir()
        self._starts = self._directory / "starts"
        self._starts.touch()
        self._orders: dict[str, int] = {}

    def spec(self, name: str, **parameters: str) -> LaunchSpec:
        """Return a launch of this id whose job, once started, runs until `end`."""
        directory = self._directory / name
        if not directory.exists():
            directory.mkdir()
            orders = directory / "orders"
            os.mkfifo(orders)
            # Open at both ends, so that neither side waits for the other.
            self._orders[name] = os.open(orders, os.O_RDWR)
            script = _JOB.format(
                directory=shlex.quote(str(directory)),
                name=shlex.quote(name),
                starts=shlex.quote(str(self._starts)),
            )
            (directory / "command.sh").write_text(script)
        return LaunchSpec(
            launch_id=name,
            script=str(directory / "command.sh"),
            working_directory=str(directory),
            stdout=str(directory / "stdout"),
            stderr=str(directory / "stderr"),
            job_id=name,
            job_directory=str(directory),
            submit_params=parameters,
        )

    def end(self, spec: LaunchSpec, exit_code: int) -> None:
        """Let a running job end by itself."""
        os.write(self._orders[spec.launch_id], f"{exit_code}\n".encode())

    def starts(self) -> list[str]:
        """Return the launch ids of all starts, in their order."""
        return self._starts.read_text().splitlines()

    def close(self) -> None:
        """Release what is held."""
        for descriptor in self._orders.values():
            os.close(descriptor)
