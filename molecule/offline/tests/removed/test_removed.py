"""A host that was taken back, with the data kept."""

from __future__ import annotations

from testinfra.host import Host


def test_nothing_runs_any_more(host: Host) -> None:
    assert host.run("pgrep --full [p]ulsar-runtime").stdout == ""
    assert host.check_output("systemctl list-units --all --plain --no-legend 'pulsar*'") == ""


def test_the_host_does_not_start_it_again(host: Host) -> None:
    assert host.check_output("find /etc/systemd -name 'pulsar*'") == ""


def test_code_is_gone_and_data_is_kept(host: Host) -> None:
    assert not host.file("/srv/pulsar/releases").exists
    assert not host.file("/srv/pulsar/current").exists
    assert host.file("/srv/pulsar/files/persisted_data/jobs.sqlite").exists
    assert host.file("/srv/pulsar/config/private_token").exists
