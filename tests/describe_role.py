"""Print the page of the role's variables, made of its argument specification.

``python tests/describe_role.py > docs/reference/role_pulsar.md``
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SPECIFICATION = Path(__file__).parents[1] / "roles" / "pulsar" / "meta" / "argument_specs.yml"

#: Chapters with the variables that begin each; the specification has them in this order.
CHAPTERS: Mapping[str, str] = {
    "pulsar_state": "What is deployed",
    "pulsar_root": "Where it is",
    "pulsar_user": "Whom it belongs to",
    "pulsar_python": "Where it comes from",
    "pulsar_host": "What it serves",
    "pulsar_retention_days": "Limits",
    "pulsar_remove_data": "Removal",
}

HEAD = """<!-- Made by `python tests/describe_role.py`; a test fails when it is not up to date. -->

# The role `galaxyops.pulsar.pulsar`

{description}

No variable has to be set in the system form. The [guide](../guide/deploy.md) says which ones a site usually
sets.
"""


def page() -> str:
    """Return the whole page."""
    specification = yaml.safe_load(SPECIFICATION.read_text())["argument_specs"]["main"]
    parts = [HEAD.format(description="\n\n".join(marked(text) for text in specification["description"]))]
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
    sys.stdout.write(page())
