"""Stand-ins of sudo(8) and of the launcher behind it, for a cluster in a directory.

A program of its own, run as ``sudo.py DIRECTORY -n LAUNCHER``; what it was asked for is kept in ``requests``.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from runtime.tests.batch_system.cluster import Cluster


def main() -> int:
    """Do what standard input says, as everybody."""
    directory, *words = sys.argv[1:]
    assert words == ["-n", "/usr/local/libexec/launcher"]
    cluster, request = Cluster(Path(directory)), json.load(sys.stdin)
    with (cluster.directory / "requests").open("a") as file:
        file.write(f"{json.dumps(request)}\n")
    path = cluster.directory / "faults.json"
    match (json.loads(path.read_text()) if path.exists() else {}).get(request["action"]):
        case "password":
            sys.stderr.write("sudo: a password is required\n")
            return 1
        case "refuse":
            sys.stdout.write('{"refused": "jobs cannot run as daemon, which is a system\'s user"}\n')
            return 1
        case "unknown queue":
            sys.stdout.write('{"refused": "unknown queue", "transient": false}\n')
            return 1
        case "slow":
            time.sleep(0.5)
    match request:
        case {"action": "submit", "attributes": attributes, "arguments": arguments}:
            words = [attributes["remote_command"], *arguments]
            number = cluster.submit(
                attributes["job_name"], f"cd {shlex.quote(attributes['wd'])}\n{shlex.join(words)}\n"
            )
            sys.stdout.write(f'{{"number": "{number}"}}\n')
        case {"action": "terminate", "number": number}:
            cluster.cancel([number])
    return 0


if __name__ == "__main__":
    sys.exit(main())
