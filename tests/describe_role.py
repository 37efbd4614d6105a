"""Print the page of a role's variables, made of its argument specification.

``python tests/describe_role.py pulsar > docs/reference/role_pulsar.md``
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).parents[1] / "roles"

#: Chapters with the variables that begin each; the specifications have them in this order.
CHAPTERS: Mapping[str, str] = {
    "pulsar_state": "What is deployed",
    "pulsar_root": "Where it is",
    "pulsar_user": "Whom it belongs to",
    "pulsar_python": "Where it comes from",
    "pulsar_transport": "What it serves",
    "pulsar_retention_days": "Limits",
    "pulsar_remove_data": "Removal",
    "rabbitmq_host": "Where it is",
    "rabbitmq_galaxy_user": "What it offers",
    "tls_source": "What is certified",
    "tls_ca_dir": "A private authority",
    "tls_certificate_file": "Files that a site brings",
    "tls_acme_server": "ACME",
    "galaxy_endpoint_group": "What is registered where",
    "galaxy_endpoint_galaxy_url": "What Galaxy is like",
    "galaxy_endpoint_reload": "What follows a change",
    "gridengine_queue": "A cluster that is built",
    "gridengine_master": "A cluster that is joined",
    "htcondor_central_manager": "Which pool it is in",
    "htcondor_memory_limit": "What jobs may do there",
    "slurm_cluster_name": "A cluster that is built",
    "slurm_address": "One host of it",
    "slurm_config_file": "A cluster that is joined",
}

#: What has to be set, and where more is said.
ADVICE: Mapping[str, str] = {
    "pulsar": "No variable has to be set in the system form. The [guide](../guide/deploy.md) says which ones "
    "a site usually\nsets.",
    "rabbitmq": "No variable has to be set. The [guide](../guide/message-queue.md) shows the role at work.",
    "tls": "The role `rabbitmq` applies it, and sets what is about the broker's own certificate. No variable "
    "has to be set\nunless a site brings its own certificates.",
    "galaxy_endpoint": "`galaxy_endpoint_job_conf` has to be set, and `galaxy_endpoint_galaxy_url` if a "
    "server is at a broker. The\n[guide](../guide/register.md) shows the role at work.",
    "gridengine": "No variable has to be set for a cluster that is built; `gridengine_master` for one that "
    "is joined. The\n[guide](../guide/schedulers.md) shows the role at work.",
    "htcondor": "No variable has to be set for a pool that is built; `htcondor_central_manager` and "
    "`htcondor_domain` for one that is\njoined. The [guide](../guide/schedulers.md) shows the role at work.",
    "slurm": "No variable has to be set for a cluster that is built; a cluster that is joined has to be "
    "told. The\n[guide](../guide/schedulers.md) shows the role at work.",
}

HEAD = """<!-- Made by `python tests/describe_role.py {role}`; a test fails when it is not up to date. -->

# The role `galaxyops.pulsar.{role}`

{description}

{advice}
"""


def specified(role: str) -> dict[str, Any]:
    """Return the specification of a role."""
    file = ROLES / role / "meta" / "argument_specs.yml"
    specification: dict[str, Any] = yaml.safe_load(file.read_text())["argument_specs"]["main"]
    return specification


def page(role: str) -> str:
    """Return the whole page."""
    specification = specified(role)
    description = "\n\n".join(marked(text) for text in specification["description"])
    parts = [HEAD.format(role=role, description=description, advice=ADVICE[role])]
    for name, option in specification["options"].items():
        if name in CHAPTERS:
            parts.append(f"\n## {CHAPTERS[name]}\n")
        parts.append(f"\n### `{name}`\n\n{described(option)}\n")
    return "".join(parts)


def described(option: Mapping[str, Any]) -> str:
    """Return type, default and meaning of a variable."""
    kind = option["type"]
    if "choices" in option:
        kind = ", ".join(f"`{choice}`" for choice in option["choices"])
    default = option["default"]
    shown = default if isinstance(default, str) and default else json.dumps(default)
    texts = option["description"] if isinstance(option["description"], list) else [option["description"]]
    meaning = "\n".join(f"- {marked(text)}" for text in texts) if len(texts) > 1 else marked(texts[0])
    return f"{kind}; default: `{shown}`\n\n{meaning}"


def marked(text: str) -> str:
    """Return a text with Ansible's marks as Markdown."""
    return re.sub(r"\b[COV]\(([^)]*)\)", r"`\1`", text)


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1]))
