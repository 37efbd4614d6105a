"""What HTCondor is told about a job."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pulsar_runtime.domain.errors import SubmitRejected
from pulsar_runtime.domain.job import LaunchSpec
from pulsar_runtime.managers.condor.submit_description import setting_problems, submit_description


def described(
    settings: Mapping[str, str] | None = None,
    *,
    directory: str = "/srv/jobs/7",
    environment: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, str]:
    spec = LaunchSpec(
        launch_id="7-1",
        script=f"{directory}/command.sh",
        working_directory=f"{directory}/working",
        stdout=f"{directory}/metadata/job_stdout",
        stderr=f"{directory}/metadata/job_stderr",
        job_directory=directory,
        submit_params=parameters or {},
    )
    text = submit_description(
        spec,
        records="/var/lib/pulsar/launches",
        log=f"{directory}/job_condor.log",
        name="pulsar_7",
        environment=environment or {},
        settings=settings or {},
    )
    *lines, last = text.splitlines()
    assert last == "queue"
    return dict(line.split(" = ", 1) for line in lines)


def test_a_job_is_described() -> None:
    said = described()
    assert said == {
        "universe": "vanilla",
        "notification": "NEVER",
        "batch_name": "pulsar_7",
        "environment": '"GALAXY_SLOTS=$$(Cpus:1) GALAXY_MEMORY_MB=$$(Memory:0)"',
        "+PulsarRuntimeRecords": '"/var/lib/pulsar/launches"',
        "executable": "/srv/jobs/7/command.sh",
        "initialdir": "/srv/jobs/7/working",
        "output": "/srv/jobs/7/metadata/job_stdout",
        "error": "/srv/jobs/7/metadata/job_stderr",
        "log": "/srv/jobs/7/job_condor.log",
    }


def test_settings_of_the_manager_win_over_those_of_the_job_whatever_their_case() -> None:
    said = described(
        {"Request_Cpus": "2", "+Group": '"bio"'},
        parameters={"request_cpus": "64", "request_memory": "4GB"},
    )
    assert (said["request_cpus"], said["request_memory"], said["+group"]) == ("2", "4GB", '"bio"')
    assert described(parameters={"universe": "docker"})["universe"] == "docker"


def test_what_is_meant_for_other_managers_is_left_out() -> None:
    assert described(parameters={"user": "alice", "user_email": "alice@example.org"}) == described()


def test_a_path_stays_as_it_is() -> None:
    """These were tried with HTCondor 23.9.6: only the dollar sign has a meaning there."""
    said = described(directory='/srv/my "jobs"/it\'s $HOME')
    assert said["initialdir"] == '/srv/my "jobs"/it\'s $(DOLLAR)HOME/working'


def test_the_environment_is_quoted() -> None:
    said = described(environment={"HOME": "/home/pulsar", "X": 'it\'s "q" $y'})
    assert said["environment"].startswith(
        "\"'HOME=/home/pulsar' 'X=it''s \"\"q\"\" $(DOLLAR)y' GALAXY_SLOTS="
    )


def test_a_site_may_have_an_environment_of_its_own() -> None:
    assert described({"environment": '"A=1"'}, environment={"HOME": "/x"})["environment"] == (
        '"A=1 GALAXY_SLOTS=$$(Cpus:1) GALAXY_MEMORY_MB=$$(Memory:0)"'
    )
    # The old syntax has no room for more.
    assert described({"environment": "A=1;B=2"})["environment"] == "A=1;B=2"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("executable", "/bin/sh", "left to"),
        ("LOG", "/srv/log", "left to"),
        ("queue", "500", "left to"),
        ("+PulsarRuntimeRecords", '"x"', "left to"),
        ("MY.PulsarRuntimeRecords", '"x"', "left to"),
        ("request memory", "1", "left to"),
        ("", "1", "left to"),
        ("native_specification", "-p long", "submit_NAME"),
        ("request_memory", "1\nexecutable = /bin/sh", "one line"),
        ("rank", "Memory \\", "backslash"),
    ],
)
def test_a_setting_that_would_be_another_is_refused_by_name(key: str, value: str, words: str) -> None:
    with pytest.raises(SubmitRejected, match=words) as refusal:
        described(parameters={key: value})
    assert str(refusal.value).startswith(f"submit_{key}: ")
    assert list(setting_problems({"request_cpus": "1", key: value})) == [str(refusal.value)]


@pytest.mark.parametrize("directory", ["/srv/a\nb", "/srv/jobs/x\\"])
def test_a_path_that_cannot_be_told_is_refused(directory: str) -> None:
    with pytest.raises(SubmitRejected, match="rename the staging directory"):
        described(directory=directory if directory.endswith("b") else f"{directory}\n")
