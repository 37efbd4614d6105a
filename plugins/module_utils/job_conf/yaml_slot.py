"""Where entries begin in a YAML text, and where the first one of a section goes.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .error import JobConfError
from .mark import Slot
from .position import end_of_line_before, line_end, line_of, line_start, newline_of
from .yaml_nodes import Pair, YamlNode

#: How much deeper entries are than the name of their section, where no other entry shows it.
_STEP = 2
_NOTHING = re.compile(r"\s*(#.*)?")
_COMMENT = re.compile(r"(?:^|\s)#.*")


def find_pair(root: YamlNode | None, path: Sequence[str]) -> Pair | None:
    """Return the key at the end of a path and its value; None if it is not there."""
    node = root
    pair = None
    for depth, name in enumerate(path):
        if node is None or node.is_empty:
            return None
        if node.kind != "mapping":
            raise JobConfError(f"line {node.line}: {'.'.join(path[:depth]) or 'it'} is no mapping")
        found = [each for each in node.pairs if each.key.text == name]
        if len(found) > 1:
            lines = " and ".join(str(each.key.line) for each in found)
            raise JobConfError(f"{name} is there twice, in lines {lines}: make one of them")
        if not found:
            return None
        (pair,) = found
        node = pair.value
        if node.kind == "alias":
            raise JobConfError(
                f"line {pair.key.line}: {name} is an alias of what is elsewhere, where an edit would have "
                "other effects as well: write it out"
            )
    return pair


def slot_in(text: str, pair: Pair) -> Slot:
    """Return where an entry of a mapping or list goes: below its name, above all others."""
    key, value = pair
    if value.is_empty:
        return Slot(line_end(text, value.end), " " * (key.column + _STEP), newline_of(text))
    if value.kind == "scalar":
        raise JobConfError(f"line {key.line}: {key.text} is neither a mapping nor a list")
    if value.flow:
        return _slot_in_flow(text, value)
    first = value.pairs[0].key if value.pairs else value.items[0]
    if first.kind == "alias":
        raise JobConfError(f"line {key.line}: {key.text} begins with an alias: write it out")
    start = first.start if value.pairs else dash_of(text, first)
    indent = text[line_start(text, start) : start]
    if indent.strip():
        raise JobConfError(f"line {line_of(text, start)}: {key.text} begins in the line of its name")
    offset = end_of_line_before(text, start)
    while _NOTHING.fullmatch(text, line_start(text, offset), offset):
        offset = end_of_line_before(text, offset)
    return Slot(offset, indent, newline_of(text))


def slot_at_end(text: str, end: int | None) -> Slot:
    """Return where a further key of a document goes, which may have its *end* before that of the text."""
    if end is None and not text.endswith("\n"):
        return Slot(len(text), "", newline_of(text))
    return Slot(end_of_line_before(text, len(text) if end is None else end), "", newline_of(text))


def dash_of(text: str, item: YamlNode) -> int:
    """Return where the dash of an item of a list is; comments may follow it."""
    end = item.start
    before = ""
    while not before and end > 0:
        start = line_start(text, end)
        before = _COMMENT.sub("", text[start:end]).rstrip()
        end = start - 1
    return end + len(before)


def _slot_in_flow(text: str, value: YamlNode) -> Slot:
    inside = text.index("{" if value.kind == "mapping" else "[", value.start) + 1
    start = line_start(text, inside)
    indent = " " * (len(text[start:]) - len(text[start:].lstrip(" ")) + _STEP)
    return Slot(inside, indent, newline_of(text), flow=True)
