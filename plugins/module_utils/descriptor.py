"""The endpoint descriptor that the role pulsar leaves on a host.

Private to the collection. It runs on hosts that have Python 3.8 or later and nothing of ours.
"""

from __future__ import annotations

import json
from typing import Any


class DescriptorError(Exception):
    """There is no endpoint descriptor that can be used; says which and why."""


def read_descriptor(path: str) -> dict[str, Any]:
    """Read an endpoint descriptor."""
    try:
        with open(path, encoding="utf-8") as file:
            descriptor = json.load(file)
    except (OSError, ValueError) as exc:
        raise DescriptorError(f"path {path} is no endpoint descriptor that can be read: {exc}") from exc
    needed = {"transport", "managers", "directories", "service"}
    if not isinstance(descriptor, dict) or not needed <= descriptor.keys():
        raise DescriptorError(
            f"path {path} is no endpoint descriptor: it does not name {', '.join(sorted(needed))}"
        )
    return descriptor
