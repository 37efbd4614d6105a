"""A bare host becomes a submit host of the cluster, as of one that somebody else has built."""

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
from test_hosts.podman import podman

#: As the server's user would, who has no home there.
JOB = "cd /tmp && runuser --user=pulsar -- timeout 60 sbatch --wait --output=/dev/null --wrap='exit 7'"

Join = Callable[..., str]

#: Ansible four times, and packages.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def visitor(containers: Mapping[str, str]) -> Host:
    """The host, with the user that the cluster knows."""
    host = testinfra.get_host(f"podman://{containers['visitor']}")
    host.check_output("id pulsar || useradd --system --uid=990 --no-create-home pulsar")
    return host


@pytest.fixture
def join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Join:
    """Apply the playbook with an inventory that knows of no other host, and return what was printed."""

    def join(*options: str, **variables: str) -> str:
        inventory = {"slurm_clients": {"hosts": {"visitor": {}}, "vars": variables}}
        (tmp_path / "inventory").mkdir(exist_ok=True)
        (tmp_path / "inventory" / "hosts.json").write_text(json.dumps(inventory))
        done = play("galaxyops.pulsar.cluster", limit="visitor", variables={}, options=options)
        assert done.returncode == 0, done.stdout
        return done.stdout

    monkeypatch.setenv("MOLECULE_SCENARIO_DIRECTORY", str(tmp_path))
    return join


def test_a_bare_host_joins_by_asking_the_controller_and_then_by_what_its_administrator_is_given(
    join: Join, visitor: Host, containers: Mapping[str, str], tmp_path: Path
) -> None:
    """The latter is a configuration, and a key in a vault."""
    key = podman("exec", containers["controller"], "cat", "/etc/munge/munge.key")
    address = podman("exec", containers["controller"], "hostname", "--ip-address").split()[0]
    dry = join("--check", "--diff", slurm_config_server=address)
    assert "munge, slurm-client, sackd would be installed" in dry
    assert key not in dry
    assert not visitor.file("/etc/slurm").exists

    assert key not in join("--diff", slurm_config_server=address)
    assert visitor.run(JOB).rc == 7

    (tmp_path / "slurm.conf").write_text(
        podman("exec", containers["controller"], "cat", "/etc/slurm/slurm.conf") + "\n"
    )
    (tmp_path / "munge.key").write_text(key)
    subprocess.run(["ansible-vault", "encrypt", tmp_path / "munge.key"], timeout=30, check=True)
    files = {"slurm_config_file": "slurm.conf", "slurm_munge_key_file": "munge.key"}
    given = {name: str(tmp_path / file) for name, file in files.items()}
    assert key not in join("--diff", **given)
    assert visitor.run(JOB).rc == 7
    assert visitor.check_output("stat --format=%a:%U /etc/munge/munge.key") == "400:munge"
    assert re.search(r"\bchanged=0\b", join(**given))
