"""The nodes of a YAML text, which know where they are in it. Private to the collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .section import ENVIRONMENTS, TOOLS, limit_key, tool_key


class YamlNode(NamedTuple):
    """A mapping, a list, a scalar, or an alias of what is elsewhere; with its first and its last offset.

    PyYAML has a block end where the next one begins: see `end_of`.
    """

    kind: str
    start: int
    end: int
    line: int
    column: int
    #: Whether it is in braces or brackets.
    flow: bool = False
    #: A scalar's text.
    text: str = ""
    #: Whether a scalar is written without anything around it.
    plain: bool = False
    pairs: Sequence[Pair] = ()
    items: Sequence[YamlNode] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is written where a value could be."""
        return self.kind == "scalar" and self.plain and not self.text


class Pair(NamedTuple):
    """A key of a mapping and its value."""

    key: YamlNode
    value: YamlNode


def from_library(node: Any, after: int = 0) -> YamlNode:  # noqa: ANN401 (its stubs lack what nodes have)
    """Return a node of PyYAML's, which begins at *after* unless it is an alias.

    PyYAML has the same node for an alias and what it means, so an alias is found out by where it seems to be.
    """
    mark, end = node.start_mark, node.end_mark
    if mark.index < after:
        return YamlNode("alias", after, after, mark.line, mark.column)
    place: dict[str, Any] = {
        "start": mark.index,
        "end": end.index if end else mark.index,
        "line": mark.line + 1,
        "column": mark.column,
    }
    if node.id == "mapping":
        pairs = []
        for key, value in node.value:
            ours = from_library(key, mark.index)
            pairs.append(Pair(ours, from_library(value, ours.end)))
        return YamlNode("mapping", flow=bool(node.flow_style), pairs=pairs, **place)
    if node.id == "sequence":
        items = [from_library(item, mark.index) for item in node.value]
        return YamlNode("sequence", flow=bool(node.flow_style), items=items, **place)
    return YamlNode("scalar", text=node.value, plain=node.style is None, **place)


def end_of(node: YamlNode) -> int:
    """Return where the last scalar of a node ends, which is where the node does."""
    while not node.flow and (node.pairs or node.items):
        node = node.items[-1] if node.items else node.pairs[-1][1]
    return node.end


def item_id(section: str, item: YamlNode) -> str | None:
    """Return what tells an item of a list from the others."""
    fields = {key.text: value.text for key, value in item.pairs}
    if section == ENVIRONMENTS:
        return fields.get("id")
    if section == TOOLS:
        return tool_key(fields["id"]) if fields.get("id") else None
    return limit_key(fields.get("type", ""), fields.get("tag") or fields.get("id"))
