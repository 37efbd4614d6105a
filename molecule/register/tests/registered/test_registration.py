"""What Galaxy reads after one run of the playbook ``site``, and what it was told."""

from __future__ import annotations

from collections.abc import Mapping

from testinfra.host import Host

from test_hosts.galaxy_configuration import GalaxyConfiguration


def test_a_job_handler_starts_with_both_servers_and_sends_tools_there(
    configuration: GalaxyConfiguration,
) -> None:
    found = configuration.read()
    assert {name: runner["refused"] for name, runner in found["runners"].items() if "pulsar" in name} == {
        "pulsar_listens": None,
        "pulsar_meets": None,
    }
    assert configuration.routes().items() >= {
        ("bwa_mem", "pulsar_listens"),
        ("hisat2", "pulsar_listens"),
        ("star", "pulsar_meets"),
    }
    for name in ("pulsar_listens", "pulsar_meets"):
        assert found["environments"][name]["runner"] == name
        assert found["environments"][name]["params"]["outputs_to_working_directory"] == "false"


def test_everything_that_was_there_is_there(
    configuration: GalaxyConfiguration, originals: Mapping[str, bytes]
) -> None:
    added = iter(configuration.content.splitlines())
    assert [line for line in originals[configuration.shape].splitlines() if line not in added] == []


def test_the_file_belongs_to_whom_it_did(configuration: GalaxyConfiguration, galaxy_host: Host) -> None:
    folder = galaxy_host.file(f"/srv/galaxy/{configuration.shape}")
    names = [name for name in folder.listdir() if name.startswith(("job_conf", "galaxy.yml"))]
    (file,) = (galaxy_host.file(f"{folder.path}/{name}") for name in names)
    assert (file.user, oct(file.mode)) == ("galaxy", "0o600")


def test_gravity_and_the_units_were_told_once_in_two_runs(galaxy_host: Host) -> None:
    assert galaxy_host.file("/srv/galaxy/yml/told").content_string.split() == ["graceful"]
    # One start is the first one.
    assert galaxy_host.file("/srv/galaxy/xml/told").content_string.split() == ["started", "started"]
