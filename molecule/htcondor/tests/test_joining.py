"""The server's host in a pool that somebody else has built: it has a token in place of the key."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster

KEY = "/etc/condor/passwords.d/POOL"
TOKEN = "/etc/condor/tokens.d/pulsar"
LIMIT = 240.0

Join = Callable[..., str]


@pytest.fixture
def join(tmp_path: Path) -> Join:
    """Apply the role to that host, with an inventory that has no central manager; return what it says."""
    described = subprocess.run(
        [
            "ansible-inventory",
            f"--inventory={os.environ['MOLECULE_PROJECT_DIRECTORY']}/molecule/shared/inventory",
            f"--inventory={os.environ['MOLECULE_SCENARIO_DIRECTORY']}/inventory",
            f"--inventory={os.environ['MOLECULE_EPHEMERAL_DIRECTORY']}/inventory",
            "--host=submit",
        ],
        stdout=subprocess.PIPE,
        check=True,
        timeout=LIMIT,
    ).stdout

    def join(central_manager: str, *, succeeds: bool, environment: Mapping[str, str], **more: str) -> str:
        variables = {**json.loads(described), "htcondor_central_manager": central_manager, **more}
        inventory = tmp_path / "hosts.json"
        inventory.write_text(json.dumps({"htcondor_clients": {"hosts": {"submit": variables}}}))
        done = subprocess.run(
            ["ansible-playbook", f"--inventory={inventory}", "galaxyops.pulsar.cluster"],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        assert (done.returncode == 0) == succeeds, done.stdout
        return done.stdout

    return join


def test_a_host_joins_with_a_token_of_the_pools_administrator_and_with_nothing_else(
    cluster: Cluster, pool: Mapping[str, Host], join: Join
) -> None:
    manager = pool["manager"].check_output("hostname --all-ip-addresses").split()[0]
    made_up = join(manager, succeeds=False, environment={})
    assert "the secret htcondor/token is no token of HTCondor" in made_up
    assert "changed=0" in made_up

    token = pool["manager"].check_output("condor_token_create -identity condor@pulsar.internal")
    said = join(
        manager,
        succeeds=True,
        environment={"htcondor/token": token},
        pulsar_secrets_lookup="ansible.builtin.env",
    )
    assert token not in said
    assert pool["submit"].file(TOKEN).content_string == token
    assert not pool["submit"].file(KEY).exists
    assert cluster.unlike_once(cluster.submit("true")) == {}
