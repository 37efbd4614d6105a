"""One deployment to a bare host, and a second run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from benchmarks.deployment.contestant import Contestant
from benchmarks.failure import MeasurementFailed
from benchmarks.metric import Figures
from benchmarks.stopwatch import Stopwatch
from test_hosts.galaxy import Galaxy
from test_hosts.scenario import Scenario

LIMIT = 300.0
SETTINGS = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_HOST_KEY_CHECKING": "false",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_PIPELINING": "true",
}


def trial(contestant: Contestant) -> Figures:
    """Deploy to a host of its own, run a job from Galaxy's, deploy again; take both hosts away."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        scenario = Scenario(name="bench-deploy", folder=Path(directory), internal=False)
        try:
            scenario.create({"galaxy": "galaxy", "server": "debian13"})
            return _measure(contestant, Path(directory))
        finally:
            scenario.destroy()


def _measure(contestant: Contestant, directory: Path) -> Figures:
    hosts = json.loads((directory / "inventory" / "hosts.json").read_text())["all"]["hosts"]
    server, galaxy = hosts["server"], Galaxy(hosts["galaxy"]["test_host_container"])
    with Stopwatch() as deployment:
        _play(contestant, directory)
    endpoint = contestant.endpoint(server["test_host_container"], server["ansible_host"])
    with Stopwatch() as job:
        galaxy.run_job(endpoint)
    with Stopwatch() as second:
        changed = _play(contestant, directory)
    return {
        "total": deployment.seconds + job.seconds,
        "deployment": deployment.seconds,
        "second": second.seconds,
        "changed": changed,
    }


def _play(contestant: Contestant, directory: Path) -> int:
    """Run the playbook and return how many tasks changed something."""
    variables = {"ansible_user": "admin", "ansible_python_interpreter": "/usr/bin/python3"}
    groups = {"pulsar_hosts": {"hosts": {"server": {}}, "vars": variables}}
    (directory / "inventory" / "groups.json").write_text(json.dumps(groups))
    # The name of a directory of this machine, which make sets for the demo.
    inherited = {name: value for name, value in os.environ.items() if name != "ANSIBLE_REMOTE_TMP"}
    done = subprocess.run(
        [
            "ansible-playbook",
            f"--inventory={directory / 'inventory'}",
            f"--extra-vars={json.dumps(contestant.variables)}",
            str(contestant.playbook),
        ],
        env={**inherited, **SETTINGS, "ANSIBLE_SSH_CONTROL_PATH_DIR": str(directory / "ssh")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode != 0:
        raise MeasurementFailed(f"deployment, {contestant.name}:\n{done.stdout}")
    (changed,) = re.findall(r"\bchanged=(\d+)", done.stdout)
    return int(changed)
