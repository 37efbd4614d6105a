"""Answers in XML."""

from __future__ import annotations

# What it says is as trustworthy as the batch system that is given our jobs.
from xml.etree.ElementTree import Element, ParseError, fromstring

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.managers.batch.dialect import CommandResult, good

__all__ = ["Element", "document"]


def document(result: CommandResult, command: str, root: str) -> Element:
    """Return what a command printed; raises `QueryError` unless it is a document with this root."""
    text = good(result, command)
    try:
        found = fromstring(text)  # noqa: S314 - see above
    except ParseError:
        found = None
    if found is None or found.tag != root:
        raise QueryError(f"{command} printed what is not its XML: {text[:80]!r}")
    return found
