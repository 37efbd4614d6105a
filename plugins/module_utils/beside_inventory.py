"""Where on the control node things are kept that belong to an inventory.

Private to the collection, for its plugins on the control node.
"""

from __future__ import annotations

import os
from collections.abc import Sequence


class NoInventoryFileError(Exception):
    """The run has no inventory file that anything could be beside of."""


def beside_inventory(sources: Sequence[str] | None, name: str) -> str:
    """Return the path of *name* beside the first inventory, which is the same for all hosts of a run.

    An inventory that is a directory has it beside itself: Ansible reads every file in there as an inventory.
    """
    if not sources or not os.path.exists(sources[0]):
        raise NoInventoryFileError(f"there is no inventory file to keep {name} beside")
    return os.path.join(os.path.dirname(os.path.abspath(sources[0])), name)
