"""The script that brings the Debian packages, on a made-up machine: its commands are all in one directory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "debian_packages.sh"
WORKS = "#!/bin/sh\nexit 0\n"
FAILS = "#!/bin/sh\nexit 1\n"
COMMANDS = (
    "aardvark-dns",
    "chattr",
    "crun",
    "git",
    "iptables",
    "mmdebstrap",
    "mount",
    "netavark",
    "podman",
    "python3",
    "rabbitmq-server",
    "rsync",
    "setpriv",
    "slurmd",
    "slurmrestd",
    "ssh-keygen",
    "sshd",
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine that has everything, where this user is root."""
    for name in COMMANDS:
        command(tmp_path, name, WORKS)
    command(tmp_path, "id", "#!/bin/sh\necho 0\n")
    command(tmp_path, "apt-get", f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n')
    return tmp_path


def command(machine: Path, name: str, text: str) -> None:
    (machine / name).write_text(text)
    (machine / name).chmod(0o755)


def bring_packages(machine: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(machine), "PODMAN_LIBRARY": str(machine), "SBIN": str(machine)}
    return subprocess.run(
        ["/bin/sh", str(SCRIPT)], env=environment, check=False, capture_output=True, text=True
    )


def test_nothing_is_installed_where_nothing_is_missing(machine: Path) -> None:
    assert bring_packages(machine).returncode == 0
    assert not (machine / "calls").exists()


def test_root_installs_exactly_what_is_missing(machine: Path) -> None:
    (machine / "git").unlink()
    command(machine, "python3", FAILS)
    assert bring_packages(machine).returncode == 0
    update, install = (machine / "calls").read_text().splitlines()
    assert "update" in update.split()
    assert install.split()[-2:] == ["git", "python3-venv"]


def test_another_user_is_told_what_to_install(machine: Path) -> None:
    (machine / "git").unlink()
    command(machine, "id", "#!/bin/sh\necho 1000\n")
    answer = bring_packages(machine)
    assert answer.returncode == 1
    assert answer.stderr == "These packages are missing; install them and try again: git\n"
    assert not (machine / "calls").exists()


def test_a_failed_installation_is_a_failure(machine: Path) -> None:
    (machine / "git").unlink()
    command(machine, "apt-get", FAILS)
    assert bring_packages(machine).returncode != 0
