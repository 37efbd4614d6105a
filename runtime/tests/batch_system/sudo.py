"""Stand-ins of sudo(8) and of the launcher behind it, before a cluster in a directory.

A program of its own, run as ``sudo.py DIRECTORY CLUSTER -n LAUNCHER``; what it was asked for is kept in
``requests``, and whose a job's directory is in a file with that directory's name.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from pulsar_runtime.managers import processes
from runtime.tests.batch_system.cluster import Cluster

_JOB = 'export PULSAR_RUNTIME_LAUNCH="$1"; cd -- "$2" && exec /bin/bash "$3"'


def main() -> int:
    """Do what standard input says, as everybody."""
    place, cluster, *words = sys.argv[1:]
    assert words == ["-n", "/usr/local/libexec/launcher"]
    directory, request = Path(place), json.load(sys.stdin)
    with (directory / "requests").open("a") as file:
        file.write(f"{json.dumps(request)}\n")
    path = directory / "faults.json"
    faults = json.loads(path.read_text()) if path.exists() else {}
    action, owner = request["action"], directory / Path(request["directory"]).name
    match faults.get(request.get("program", action)):
        case "password":
            sys.stderr.write("sudo: a password is required\n")
            return 1
        case "refuse":
            sys.stderr.write("pulsar-runtime-launcher: jobs cannot run as daemon, which is a system's user\n")
            return 1
        case "unknown queue":
            sys.stdout.write('{"refused": "unknown queue", "transient": false}\n')
            return 1
        case "slow":
            time.sleep(0.5)
    if action == "hand_over":
        owner.write_text(request["user"])
    elif action == "take_back":
        owner.unlink(missing_ok=True)
    elif action == "become":
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execv("/bin/sh", ["/bin/sh", "-c", _JOB, "pulsar-job", *request["arguments"]])  # noqa: S606 - as the launcher does
    else:
        # As the user, whose the job's directory must be.
        assert owner.read_text() == request["user"]
        return _run(Cluster(Path(cluster)), request)
    return 0


def _run(cluster: Cluster, request: dict[str, Any]) -> int:
    if request["program"] == "drmaa":
        sys.stdout.write(f"{json.dumps(_drmaa(cluster, json.loads(request['input'])))}\n")
        return 0
    if request["program"] == "end":
        processes.main(list(map(str, request["arguments"])))
        return 0
    argv = [request["program"], *request["arguments"]]
    return subprocess.run(argv, input=request["input"].encode(), check=False).returncode


def _drmaa(cluster: Cluster, request: dict[str, Any]) -> dict[str, str]:
    match request:
        case {"attributes": attributes, "arguments": arguments}:
            words = shlex.join([attributes["remote_command"], *arguments])
            script = f"cd {shlex.quote(attributes['wd'])}\n{words}\n"
            return {"number": cluster.submit(attributes["job_name"], script)}
        case {"terminate": number}:
            cluster.cancel([number])
    return {}


if __name__ == "__main__":
    sys.exit(main())
