"""JSON values of a submission, by what they have to be; anything else is a malformed request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pulsar_runtime.domain.errors import MalformedRequest


def mapping(value: object, name: str) -> Mapping[str, object]:
    """Return an object; null is an empty one."""
    if not isinstance(value, Mapping | None):
        raise MalformedRequest(f"{name} is not an object")
    return value or {}


def sequence(value: object, name: str) -> Sequence[object]:
    """Return a list; null, and what else stands for nothing, is an empty one."""
    if value in (None, "", {}):
        return []
    if not isinstance(value, list):
        raise MalformedRequest(f"{name} is not a list")
    return value


def text(value: object) -> str:
    """Return text; what is absent or null is empty."""
    return "" if value is None else str(value)


def pattern(value: object, name: str) -> str:
    """Return a regular expression."""
    expression = text(value)
    try:
        re.compile(expression)
    except re.error as exc:
        raise MalformedRequest(f"{name} holds {expression!r}, which is no regular expression: {exc}") from exc
    return expression
