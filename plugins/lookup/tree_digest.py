# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``galaxyops.pulsar.tree_digest``."""

from __future__ import annotations

DOCUMENTATION = """
name: tree_digest
short_description: Name the content of files and directories on the control node
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Returns a short digest of the names and contents of all files, so that a changed tree has another one.
  - What Python leaves behind when it runs C(__pycache__) is not part of it.
options:
  _terms:
    description: Files and directories.
    type: list
    elements: path
    required: true
"""

EXAMPLES = """
release: "{{ lookup('galaxyops.pulsar.tree_digest', 'runtime/src', 'runtime/pyproject.toml') }}"
"""

RETURN = """
_raw:
  description: One digest of twelve hexadecimal digits.
  type: list
  elements: str
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ansible.plugins.lookup import LookupBase

CACHES = "__pycache__"


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible is not typed
    """What Ansible looks for."""

    def run(self, terms: Iterable[str], variables: object = None, **kwargs: object) -> list[str]:  # noqa: ARG002
        """Return the digest of all of *terms* together (the other arguments are Ansible's interface)."""
        return [tree_digest(Path(term) for term in terms)]


def tree_digest(roots: Iterable[Path]) -> str:
    """Return a digest of what is below *roots*, wherever they are."""
    digest = hashlib.sha256()
    for root in roots:
        for path in sorted([root, *root.rglob("*")]):
            if path.is_file() and CACHES not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(root.parent)} {content}\n".encode())
    return digest.hexdigest()[:12]
