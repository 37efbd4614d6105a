"""What a host tells Slurm of itself, beside what the programs of the system say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roles.slurm.files import describe_host

Describe = Callable[..., dict[str, Any]]


def said(command: str) -> str:
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=10, check=True
    ).stdout.strip()


@pytest.fixture
def describe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Describe:
    """Run the program on a kernel that offers some controllers, and read what it prints."""

    def describe(cpus: int = 0, memory_mb: int = 0, *, offered: str = "") -> dict[str, Any]:
        monkeypatch.setattr(describe_host, "OFFERED", tmp_path / "cgroup.controllers")
        if offered:
            (tmp_path / "cgroup.controllers").write_text(offered)
        describe_host.main(cpus, memory_mb)
        description: dict[str, Any] = json.loads(capsys.readouterr().out)
        return description

    return describe


def test_a_host_gives_all_its_processors_and_most_of_its_memory(describe: Describe) -> None:
    description = describe()
    cpus, kilobytes = int(said("nproc")), int(said("awk '/MemTotal/ {print $2}' /proc/meminfo"))
    assert description["name"] == said("hostname -s")
    assert description["cpus"] == cpus
    assert description["memory_mb"] == pytest.approx(0.9 * kilobytes / 1024, abs=2)
    assert description["mb_per_cpu"] == description["memory_mb"] // cpus
    assert description["problems"] == []


def test_what_the_inventory_says_wins(describe: Describe) -> None:
    description = describe(1, 300)
    assert (description["cpus"], description["memory_mb"], description["mb_per_cpu"]) == (1, 300, 300)
    assert description["problems"] == []


@pytest.mark.parametrize(
    ("cpus", "memory_mb", "told"),
    [(4096, 0, "slurm_node_cpus is 4096"), (0, 2**40, f"slurm_node_memory_mb is {2**40}"), (-1, 0, "is -1")],
)
def test_what_the_host_does_not_have_cannot_be_promised(
    describe: Describe,
    cpus: int,
    memory_mb: int,
    told: str,
) -> None:
    (problem,) = describe(cpus, memory_mb)["problems"]
    assert told in problem
    assert "choose one from 1 to" in problem


@pytest.mark.parametrize(
    ("offered", "confines"),
    [
        ("cpuset cpu io memory hugetlb pids rdma misc\n", True),
        ("hugetlb\n", False),
        ("cpu io memory\n", False),
        ("", False),
    ],
)
def test_jobs_are_confined_where_the_kernel_offers_all_that_it_takes(
    describe: Describe,
    offered: str,
    confines: bool,  # noqa: FBT001 - a table
) -> None:
    assert describe(offered=offered)["confines"] is confines
