"""A bare host becomes a client of the cluster, as of one that somebody else has built."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

from test_hosts.playbook import play

CELL = "/var/lib/gridengine/default/common"
CLAIM = "/etc/default/gridengine"
JOB = "runuser --user=alice -- timeout 60 qsub -sync y -j y -o /dev/null -b y -S /bin/sh exit 7"

Join = Callable[..., subprocess.CompletedProcess[str]]

#: Ansible six times, and packages.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def visitor(containers: Mapping[str, str], master: Host) -> Host:
    """The host, with the users and the names of the site."""
    host = testinfra.get_host(f"podman://{containers['visitor']}")
    host.check_output("id alice || useradd --uid=2001 --create-home alice")
    for here, there in [(host, master), (master, host)]:
        name = there.check_output("hostname")
        line = f"{there.check_output('hostname --ip-address').split()[0]} {name}"
        here.check_output(f"grep --quiet ' {name}$' /etc/hosts || echo '{line}' >> /etc/hosts")
    return host


@pytest.fixture
def join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, master: Host) -> Join:
    """Apply the playbook with an inventory that knows of no other host, and return what came of it."""
    files = {"gridengine_bootstrap_file": "bootstrap", "gridengine_munge_key_file": "munge.key"}
    variables = {name: str(tmp_path / file) for name, file in files.items()}
    (tmp_path / "bootstrap").write_text(master.check_output(f"cat {CELL}/bootstrap") + "\n")
    (tmp_path / "munge.key").write_text(master.check_output("cat /etc/munge/munge.key"))
    subprocess.run(["ansible-vault", "encrypt", tmp_path / "munge.key"], timeout=30, check=True)

    def join(*options: str, **others: str) -> subprocess.CompletedProcess[str]:
        given = {"gridengine_master": "master", **variables, **others}
        inventory = {"gridengine_clients": {"hosts": {"visitor": {}}, "vars": given}}
        (tmp_path / "inventory").mkdir(exist_ok=True)
        (tmp_path / "inventory" / "hosts.json").write_text(json.dumps(inventory))
        return play("galaxyops.pulsar.cluster", limit="visitor", variables={}, options=options)

    monkeypatch.setenv("MOLECULE_SCENARIO_DIRECTORY", str(tmp_path))
    return join


def test_a_bare_host_joins_with_what_the_clusters_administrator_gives(
    join: Join, visitor: Host, master: Host
) -> None:
    key = master.check_output("cat /etc/munge/munge.key")
    wrong = join(gridengine_munge_key_file="")
    assert "gridengine_munge_key_file is not set: bring the cluster's key" in wrong.stdout

    dry = join("--check", "--diff")
    assert dry.returncode == 0, dry.stdout
    assert "gridengine-drmaa1.0, munge, netbase would be installed" in dry.stdout
    assert not visitor.file(CLAIM).exists

    master.check_output("qconf -ds visitor || true")
    unknown = join("--diff")
    assert unknown.returncode != 0
    assert "there, qconf -as visitor" in " ".join(unknown.stdout.split())

    master.check_output("qconf -as visitor")
    again = join("--diff")
    assert again.returncode == 0, again.stdout
    assert re.search(r"\bchanged=0\b", again.stdout)
    assert visitor.run(JOB).rc == 7
    assert visitor.check_output("stat --format=%a:%U /etc/munge/munge.key") == "400:munge"
    assert [said for said in (wrong, dry, unknown, again) if key in said.stdout] == []


def test_a_host_with_a_grid_engine_of_somebody_else_is_left_alone(join: Join, visitor: Host) -> None:
    """The host of the test before, without what says that it is the role's."""
    claim = visitor.check_output(f"cat {CLAIM}")
    visitor.check_output(f"sed --in-place /galaxyops/d {CLAIM}")
    refused = join()
    visitor.check_output(f"echo '{claim}' > {CLAIM}")
    assert refused.returncode != 0
    assert "this role did not deploy" in " ".join(refused.stdout.split())
    assert re.search(r"\bchanged=0\b", refused.stdout)
