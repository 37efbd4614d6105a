"""A host after a dry run."""

from __future__ import annotations

from testinfra.host import Host


def test_the_dry_run_wrote_nothing(host: Host) -> None:
    """What changed since the host was made is what the boot, a login and Ansible itself write."""
    written = host.check_output(
        "find / -xdev -newercm /run/test-host-booted -not -type d"
        " -not -path '/var/log/*' -not -path '/run/*' -not -path '/proc/*' -not -path '/home/admin/*'"
    )
    assert written == ""


def test_the_dry_run_made_no_account(host: Host) -> None:
    assert not host.user("pulsar").exists
    assert not host.group("pulsar").exists
