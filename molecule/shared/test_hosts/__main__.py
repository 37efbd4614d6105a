"""``python -m test_hosts create|destroy``: what the playbooks of the same names call.

``create`` reads the images of the hosts, by the host's name, as JSON from standard input.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .scenario import Scenario


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m test_hosts", description=__doc__)
    parser.add_argument("action", choices=["create", "destroy"])
    parser.add_argument("--scenario", required=True, help="name of the scenario")
    parser.add_argument("--folder", required=True, type=Path, help="where its key and its inventory are")
    parser.add_argument(
        "--internal",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="hosts reach nothing but the control node",
    )
    parser.add_argument(
        "--networks",
        type=json.loads,
        default={},
        help="JSON: the networks of each host that is not just on the one that leads out",
    )
    parser.add_argument(
        "--shared",
        type=json.loads,
        default={},
        help="JSON: the paths of the directories that a host shares with the others that name them",
    )
    arguments = parser.parse_args()
    scenario = Scenario(
        name=arguments.scenario, folder=arguments.folder.resolve(), internal=arguments.internal
    )
    if arguments.action == "create":
        scenario.create(json.load(sys.stdin), arguments.networks, arguments.shared)
    else:
        scenario.destroy()


if __name__ == "__main__":
    main()
