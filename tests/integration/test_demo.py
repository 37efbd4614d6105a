"""``make demo``, as a newcomer types it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]


def processes_in(directory: Path) -> list[str]:
    """Return the processes whose command line names *directory*."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            arguments = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if os.fsencode(directory) in arguments:
            found.append(arguments.decode(errors="replace"))
    return found


@pytest.mark.timeout(600)
def test_the_demo_runs_a_job_and_changes_nothing_the_second_time_and_can_be_taken_away(
    tmp_path: Path, run: Run, changes: Callable[[str], int], free_port: Callable[[], int]
) -> None:
    directory = tmp_path / "demo"
    environment = {"DEMO_DIR": str(directory), "DEMO_PORT": str(free_port())}
    first, second = (run(["make", "demo"], environment) for _ in range(2))
    for output in (first, second):
        assert "input   pear apple orange" in output
        assert "output  apple orange pear" in output
        assert "stop it with: make demo-clean" in output
    assert changes(first) > 0
    assert changes(second) == 0
    assert processes_in(directory)
    run(["make", "demo-clean"], environment)
    assert processes_in(directory) == []
    assert not directory.exists()
