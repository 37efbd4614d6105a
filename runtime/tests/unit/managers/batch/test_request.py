"""From parameters of jobs to requests, and the names by which launches are found again."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.batch.dialects.registry import DIALECTS
from pulsar_runtime.managers.batch.host import LONGEST_CONTROL_DIRECTORY, SshHost
from pulsar_runtime.managers.batch.launcher import launcher
from pulsar_runtime.managers.batch.request import job_name, job_request
from pulsar_runtime.managers.identity import instance_identity


def spec(job_id: str = "123", launch_id: str = "7-1", directory: Path = Path("/jobs/123")) -> LaunchSpec:
    return LaunchSpec(
        launch_id=launch_id,
        script=f"{directory}/command.sh",
        working_directory=f"{directory}/working",
        stdout=f"{directory}/job_stdout",
        stderr=f"{directory}/job_stderr",
        job_id=job_id,
        job_directory=str(directory),
    )


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
@pytest.mark.parametrize("job_id", ["123", "it's a job; $(rm)", "1" * 255, "\u00fc\u00f6", "-x"])
def test_every_batch_system_takes_the_name(dialect: object, job_id: str) -> None:
    assert isinstance(dialect, type(DIALECTS["Slurm"]))
    name = job_name(dialect, "$job_id", spec(job_id), "instance")
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*\.[a-z2-7]{10}", name)
    assert len(name) <= dialect.longest_name


def test_no_two_launches_have_the_same_name() -> None:
    names = {
        job_name(DIALECTS["Torque"], "pulsar_$job_id", spec(launch_id=launch), instance)
        for launch in ("7-1", "7-2", "71-1")
        for instance in ("one", "another")
    }
    assert len(names) == 6


def test_the_identity_of_an_instance_stays(tmp_path: Path) -> None:
    assert instance_identity(tmp_path) == instance_identity(tmp_path)
    assert (tmp_path / "identity").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [("512", 512), ("4GB", 4096), ("4 gib", 4096), ("2048K", 2), ("1T", 1048576), ("", None)],
)
def test_memory_has_units(text: str, megabytes: int | None) -> None:
    assert job_request("a", (), {"request_memory": text}).memory_mb == megabytes


def test_options_of_the_job_are_split_as_a_shell_would() -> None:
    request = job_request("a", ("-p", "x"), {"native_specification": "--comment 'two words' -n 1"})
    assert request.native == ("--comment", "two words", "-n", "1")
    assert request.options == ("-p", "x")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"request_cpus": "0"}, "submit_request_cpus"),
        ({"request_cpus": "two"}, "submit_request_cpus"),
        ({"request_memory": "much"}, "submit_request_memory"),
        ({"request_memory": "0"}, "submit_request_memory"),
        ({"native_specification": "--comment 'open"}, "submit_native_specification cannot be read"),
        ({"request_cpu": "4"}, "submit_request_cpu means nothing to this manager; it reads submit_native_"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(parameters: dict[str, str], words: str) -> None:
    with pytest.raises(SubmitRejected, match=words):
        job_request("a", (), parameters)


def test_the_launcher_starts_the_script_with_its_streams_whatever_the_path(tmp_path: Path) -> None:
    directory = tmp_path / 'it\'s 100% $HOME; "odd"'
    directory.mkdir()
    (directory / "command.sh").write_text('echo "$GALAXY_MEMORY_MB"; echo said >&2; read -r line; exit 7\n')
    ended = subprocess.run(
        ["/bin/bash"], input=launcher(spec(directory=directory), 512), text=True, timeout=10, check=False
    )
    assert ended.returncode == 7
    assert (directory / "job_stdout").read_text() == "512\n"
    assert (directory / "job_stderr").read_text() == "said\n"


def test_ssh_verifies_hosts_shares_a_connection_and_quotes_what_it_is_given() -> None:
    host = SshHost(
        name="login.example.org",
        control_directory=Path("/" + "x" * (LONGEST_CONTROL_DIRECTORY - 1)),
        user="galaxy",
        port=2222,
        private_key=Path("/etc/my key"),
    )
    argv = host.argv(["sbatch", "--comment", "two words; $(id)"])
    assert argv[-2:] == ["login.example.org", "sbatch --comment 'two words; $(id)'"]
    assert "StrictHostKeyChecking=yes" in argv
    assert "BatchMode=yes" in argv
    assert "ControlMaster=auto" in argv
    assert 'IdentityFile="/etc/my key"' in argv
    (socket,) = [word for word in argv if word.startswith("ControlPath=")]
    # And 17 characters of ssh's own (unix(7): 108 with the NUL at the end).
    assert len(socket.removeprefix("ControlPath=").strip('"')) + 17 < 108
