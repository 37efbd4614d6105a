"""What the role does to a pool that is at work, and whom the pool lets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from testinfra.host import Host

from test_hosts.cluster_jobs import Cluster
from test_hosts.playbook import play

DEPLOY = "galaxyops.pulsar.cluster"
KEY = "/etc/condor/passwords.d/POOL"
POLICY = "/etc/condor/config.d/60-pulsar-policy"


def master(host: Host) -> str:
    return str(host.check_output("systemctl show --property=MainPID --value condor.service"))


@pytest.fixture
def configure(pool: Mapping[str, Host]) -> Iterator[Callable[[Mapping[str, object]], None]]:
    """Apply the role to a node with further variables; afterwards, it has what it had before."""
    node = pool["node-1"]
    node.check_output(f"cp --preserve {POLICY} /root/policy")

    def configure(variables: Mapping[str, object]) -> None:
        done = play(DEPLOY, limit="node-1", variables=variables)
        assert done.returncode == 0, done.stdout

    yield configure
    node.check_output(f"mv /root/policy {POLICY} && systemctl reload condor.service")


def test_a_new_time_limit_reaches_a_job_that_runs(
    cluster: Cluster, pool: Mapping[str, Host], configure: Callable[[Mapping[str, object]], None]
) -> None:
    """The node reads its configuration again, and is not restarted."""
    before = master(pool["node-1"])
    there = cluster.with_parameters(submit_requirements='Machine == "node-1"')
    (job,) = there.submit_gated(1)
    job.wait_for_start()
    configure({"htcondor_time_limit": 5})
    ending = there.ending(job)
    assert (ending["status"], ending["returncode"]) == ("complete", 137)
    assert "runtime exceeded maximum (5 seconds)" in ending["job_stderr"]
    assert "runtime exceeded maximum (5 seconds)" in there.shown(job)
    assert master(pool["node-1"]) == before


def test_who_does_not_have_the_key_is_let_in_nowhere(pool: Mapping[str, Host]) -> None:
    """A user of a node, who cannot read it, passes neither for a node nor for a submit host."""
    node = pool["node-1"]
    ping = "condor_ping -type collector ADVERTISE_STARTD ADVERTISE_SCHEDD"
    assert node.run(ping).succeeded
    assert node.run(f"runuser -u alice -- {ping}").failed
    assert node.file(KEY).mode == 0o600
