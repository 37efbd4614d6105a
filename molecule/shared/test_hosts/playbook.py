"""Playbooks, run by a test against the hosts of its scenario."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

#: The role and nothing else.
DEPLOY = Path(__file__).parents[1] / "deploy.yml"
LIMIT = 240.0
#: Molecule has Ansible colour what it prints, which tests read.
PLAIN = {"ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}


def play(
    playbook: Path | str,
    *,
    limit: str,
    variables: Mapping[str, object],
    collections: Path | None = None,
    options: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a playbook with further variables on the hosts that *limit* names, and return what it printed.

    A playbook of the collection goes by its name. *collections* has another collection than the checkout's.
    """
    with start(
        playbook, limit=limit, variables=variables, collections=collections, options=options
    ) as process:
        output, _ = process.communicate(timeout=LIMIT)
        return subprocess.CompletedProcess(process.args, process.wait(), output)


def start(
    playbook: Path | str,
    *,
    limit: str,
    variables: Mapping[str, object],
    collections: Path | None = None,
    options: Sequence[str] = (),
) -> subprocess.Popen[str]:
    """Start a playbook.

    Molecule's environment says where Ansible finds its settings and the inventory.
    """
    command = [
        "ansible-playbook",
        f"--inventory={os.environ['MOLECULE_PROJECT_DIRECTORY']}/molecule/shared/inventory",
        f"--inventory={os.environ['MOLECULE_SCENARIO_DIRECTORY']}/inventory",
        f"--inventory={os.environ['MOLECULE_EPHEMERAL_DIRECTORY']}/inventory",
        f"--limit={limit}",
        f"--extra-vars={json.dumps(variables)}",
        *options,
        str(playbook),
    ]
    return subprocess.Popen(
        command,
        env={
            **os.environ,
            **PLAIN,
            **({"ANSIBLE_COLLECTIONS_PATH": str(collections)} if collections else {}),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
