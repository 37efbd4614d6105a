"""Jobs that tests send through a real Slurm."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runtime.tests.live_server import LiveServer, wait_until
from runtime.tests.resilience.patient_client import PatientClient
from runtime.tests.resilience.workload import Workload
from runtime.tests.slurm_cluster import SlurmCluster

END_LIMIT = 60.0


def submit(client: PatientClient, job_id: str, command: str, **parameters: str) -> None:
    """Submit a job with parameters of Galaxy's destination."""
    client.setup(job_id)
    client.ask("POST", f"jobs/{job_id}/submit", command_line=command, params=json.dumps(parameters))


def wait_for_status(client: PatientClient, job_id: str, status: str) -> None:
    """Wait until a job has a status."""
    wait_until(
        lambda: client.status(job_id)["status"] == status, END_LIMIT, f"{job_id} is {status}", client.server
    )


def end(client: PatientClient, job_id: str) -> Mapping[str, object]:
    """Wait for the end of a job, and return what the server says of it."""
    return client.end(job_id, END_LIMIT)


def run_while_agents_are_killed_and_the_controller_is_away(
    cluster: SlurmCluster, server: LiveServer, jobs: int
) -> None:
    """Run many jobs meanwhile, and require that each was submitted and ran once."""
    workload = Workload(server)
    with workload.submitting(jobs, "sleep 0.2"):
        workload.wait_for_runs(jobs // 6)
        server.kill()
        server.start()
        workload.wait_for_runs(jobs // 3)
        cluster.stop_controller()
        server.kill()
        server.start()
        cluster.start_controller()
    workload.check_each_ran_once()
    names = cluster.command("squeue", "--noheader", "--states=all", "--format=%j").split()
    assert len(names) == len(set(names))
