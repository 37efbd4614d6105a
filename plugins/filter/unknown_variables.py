"""The filter ``galaxyops.pulsar.unknown_variables``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

DOCUMENTATION = """
name: unknown_variables
short_description: Name the variables that a role does not know
version_added: 0.1.0
author: The galaxyops.pulsar contributors
description:
  - Returns one sentence for each variable that is not known, with the known name that comes closest.
positional: known
options:
  _input:
    description: Names of variables.
    type: list
    elements: str
    required: true
  known:
    description: The names that are known.
    type: list
    elements: str
    required: true
"""

EXAMPLES = """
# -> ["pulsar_prot is not a variable of this role: did you mean pulsar_port?"]
problems: "{{ ['pulsar_prot'] | galaxyops.pulsar.unknown_variables(['pulsar_port', 'pulsar_root']) }}"
"""

RETURN = """
_value:
  description: One sentence for each unknown variable, by name.
  type: list
  elements: str
"""


def unknown_variables(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return one sentence for each of *names* that is not *known*."""
    candidates = list(known)
    return [_sentence(name, candidates) for name in sorted(set(names) - set(candidates))]


def _sentence(name: str, candidates: list[str]) -> str:
    near = difflib.get_close_matches(name, candidates, n=1)
    advice = f"did you mean {near[0]}?" if near else "remove it, or give it another prefix"
    return f"{name} is not a variable of this role: {advice}"


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[[Iterable[str], Iterable[str]], list[str]]]:
        """Return the filter by its name."""
        return {"unknown_variables": unknown_variables}
