"""The hosts of the scenario ``slurm`` once more, for a benchmark alone: a cluster, a server and a Galaxy."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import attrs
import testinfra
from testinfra.host import Host

from benchmarks.environment import ROOT
from benchmarks.failure import MeasurementFailed
from test_hosts.cluster_jobs import Cluster
from test_hosts.endpoint import endpoints_of
from test_hosts.galaxy import Galaxy
from test_hosts.scenario import Scenario

MOLECULE = ROOT / "molecule"
LIMIT = 600.0
#: The hosts, as the inventories say: all but Galaxy's share a directory.
MEMBERS = ("controller", "node-1", "node-2", "server")
SETTINGS = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_HOST_KEY_CHECKING": "false",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
    "ANSIBLE_VAULT_PASSWORD_FILE": str(MOLECULE / "shared" / "bin" / "vault-password"),
    # Where the inventories of the scenarios look.
    "MOLECULE_PROJECT_DIRECTORY": str(ROOT),
}


@attrs.frozen(kw_only=True)
class Site:
    """What is measured: the submit *host*, and the *cluster* as Galaxy uses it through the server there."""

    host: Host
    cluster: Cluster
    #: Slurm's version.
    version: str

    @classmethod
    def deployed(cls, directory: Path) -> Self:
        """Deploy to the hosts whose inventory is in *directory*."""
        hosts = json.loads((directory / "inventory" / "hosts.json").read_text())["all"]["hosts"]
        _deploy(directory)
        containers = {name: hosts[name]["test_host_container"] for name in ("server", "galaxy")}
        host = testinfra.get_host(f"podman://{containers['server']}")
        (endpoint,) = endpoints_of(containers["server"], "/srv/pulsar")
        return cls(
            host=host,
            cluster=Cluster(galaxy=Galaxy(containers["galaxy"]), endpoint=endpoint, host=host),
            version=host.check_output("sinfo --version").split()[-1],
        )


@contextmanager
def running_site() -> Iterator[Site]:
    """Make the hosts and deploy to them; take them away afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        scenario = Scenario(name="bench-cluster", folder=Path(directory), internal=False)
        try:
            scenario.create(
                {**dict.fromkeys(MEMBERS, "debian13"), "galaxy": "galaxy"},
                shared={name: ["/srv/shared"] for name in MEMBERS},
            )
            yield Site.deployed(Path(directory))
        finally:
            scenario.destroy()


def _deploy(directory: Path) -> None:
    # The name of a directory of this machine, which make sets for the demo.
    inherited = {name: value for name, value in os.environ.items() if name != "ANSIBLE_REMOTE_TMP"}
    inventories = (
        MOLECULE / "shared" / "inventory",
        MOLECULE / "slurm" / "inventory",
        directory / "inventory",
    )
    done = subprocess.run(
        [
            "ansible-playbook",
            *(f"--inventory={inventory}" for inventory in inventories),
            str(MOLECULE / "slurm" / "converge.yml"),
        ],
        env={
            **inherited,
            **SETTINGS,
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(directory / "ssh"),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(directory),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode != 0:
        raise MeasurementFailed(f"the cluster could not be deployed:\n{done.stdout}")
