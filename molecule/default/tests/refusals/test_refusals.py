"""What cannot work stops the play with a message that says what, where and what to do; the server runs on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from testinfra.host import Host

from test_hosts.playbook import DEPLOY, play, start
from test_hosts.waiting import wait_until

Refused = Callable[..., str]

OLD_PYTHON = "/opt/python3.9"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"pulsar_manager": {}},
            "pulsar_manager is not a variable of this role: did you mean pulsar_managers?",
        ),
        (
            {"pulsar_port": "many"},
            "argument 'pulsar_port' is of type str and we were unable to convert to int",
        ),
        (
            {"pulsar_port": 22},
            "port 22 of 0.0.0.0 is taken by another program: stop it, or choose another pulsar",
        ),
        ({"pulsar_instances": {"one": {"port": 8913}, "two": {"port": 8913}}}, "8913"),
    ],
)
def test_a_variable_that_cannot_work(refused: Refused, variables: Mapping[str, object], message: str) -> None:
    said = refused(variables)
    assert message in said, said


def test_a_root_that_cannot_be_written(server: Host, refused: Refused) -> None:
    server.check_output("mkdir -p /mnt/closed && mount -t tmpfs -o ro tmpfs /mnt/closed")
    said = refused({"pulsar_root": "/mnt/closed/pulsar", "pulsar_port": 9000})
    assert "this user may not write to /mnt/closed: let it, or set pulsar_root" in said, said


def test_a_disk_that_is_full(server: Host, refused: Refused) -> None:
    server.check_output("mkdir -p /mnt/full && mount -t tmpfs -o size=100m tmpfs /mnt/full")
    said = refused({"pulsar_root": "/mnt/full/pulsar", "pulsar_port": 9000})
    assert (
        "/mnt/full/pulsar has 100 MB free, and a release needs 300 MB: make room, or set pulsar_root" in said
    )


def test_a_python_that_is_too_old(server: Host, refused: Refused) -> None:
    """Debian has none that is older; this one says that it is."""
    for command in (
        "mkdir -p /opt/old",
        "echo 'import sys; sys.version_info = (3, 9, 2, \"final\", 0)' >/opt/old/sitecustomize.py",
        f"printf '#!/bin/sh\nPYTHONPATH=/opt/old exec python3 \"$@\"\n' >{OLD_PYTHON}",
        f"chmod 755 {OLD_PYTHON}",
    ):
        server.check_output(command)
    assert "is Python 3.9: set pulsar_python to Python 3.11 or later" in refused(
        {"pulsar_python": OLD_PYTHON}
    )


def test_an_index_that_cannot_be_reached(refused: Refused, next_version: Path) -> None:
    said = refused({"pulsar_index_url": "http://127.0.0.1:9/simple"}, next_version)
    assert "http://127.0.0.1:9/simple cannot be reached from this host (Connection refused)" in said
    assert "set pulsar_index_url" in said


def test_a_wheel_that_is_corrupt(refused: Refused, next_version: Path, tmp_path: Path) -> None:
    wheelhouse = {"pulsar_install_from": "wheelhouse", "pulsar_wheelhouse_dir": str(tmp_path / "wheels")}
    gathered = play("galaxyops.pulsar.wheelhouse", limit="debian13", variables=wheelhouse)
    assert gathered.returncode == 0, gathered.stdout
    (wheel,) = (tmp_path / "wheels").glob("*/flask-*.whl")
    wheel.write_bytes(wheel.read_bytes()[:-1000])
    said = refused(wheelhouse, next_version)
    assert "was not installed: " in said
    assert "flask" in said.partition("was not installed: ")[2]


def test_a_run_that_was_cut_off_in_the_middle_harms_nothing_and_the_next_one_deploys(
    server: Host, facts: Callable[[], str], next_version: Path
) -> None:
    before, releases = facts(), server.check_output("ls /srv/pulsar/releases")
    with start(DEPLOY, limit="debian13", variables={}, collections=next_version) as process:
        wait_until(lambda: bool(server.run("pgrep --full '[-]m pip install'").succeeded))
        server.check_output("pkill --signal KILL --full 'install_releas[e]|[-]m pip'")
        said, _ = process.communicate(timeout=60)
    assert process.returncode != 0, said
    assert facts() == before
    assert server.check_output("ls /srv/pulsar/releases") != releases

    done = play(DEPLOY, limit="debian13", variables={}, collections=next_version)
    assert done.returncode == 0, done.stdout
    assert facts() != before


def test_a_server_that_does_not_do_its_work_fails_its_verification(server: Host) -> None:
    server.check_output("systemctl stop pulsar-agent.service")
    done = play("galaxyops.pulsar.verify", limit="debian13", variables={})
    server.check_output("systemctl start pulsar-agent.service")
    assert done.returncode != 0, done.stdout
    assert re.search(r"FAILED units: .*pulsar-agent\.service", done.stdout)
