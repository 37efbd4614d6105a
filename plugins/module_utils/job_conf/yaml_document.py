"""A job configuration in YAML: a file of its own, or inline in Galaxy's ``galaxy.yml``.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from .conf import JobConf
from .document import Document
from .error import JobConfError
from .mark import ADDED, DEFAULT_ADDED, YAML
from .position import end_of_line_before, line_end, line_of, line_start
from .section import ENVIRONMENTS, LIMITS, RUNNERS, TOOLS, Entry
from .yaml_conf import read_conf, write_entries
from .yaml_library import compose, document_end, dump_flow, load
from .yaml_nodes import Pair, YamlNode, end_of, item_id
from .yaml_slot import dash_of, find_pair, slot_at_end, slot_in

#: Where Galaxy looks for an inline configuration.
INLINE = ("galaxy", "job_config")
_PATHS: Mapping[str, tuple[str, ...]] = {
    RUNNERS: ("runners",),
    ENVIRONMENTS: ("execution", "environments"),
    TOOLS: ("tools",),
    LIMITS: ("limits",),
}


class YamlDocument(Document):
    """Job configuration in YAML; its sections are below the keys *above*."""

    syntax = YAML

    def __init__(self, text: str, above: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.above = above
        self.kind = "inline" if above else "yaml"

    def of(self, text: str) -> YamlDocument:  # noqa: D102
        return self if text == self.text else YamlDocument(text, self.above)

    @cached_property
    def conf(self) -> JobConf:  # noqa: D102
        return read_conf(load(self.text), self.above)

    @cached_property
    def entries(self) -> list[Entry]:  # noqa: D102
        found = list(self._entries())
        seen: dict[tuple[str, str], Entry] = {}
        for entry in found:
            first = seen.setdefault((entry.section, entry.id), entry)
            if first is not entry and entry.section in (RUNNERS, ENVIRONMENTS):
                lines = f"{line_of(self.text, first.start)} and {line_of(self.text, entry.start)}"
                raise JobConfError(f"{entry} is there twice, in lines {lines}: remove one of them")
        return found

    def section_start(self, section: str) -> int:  # noqa: D102
        pair = self.find(_PATHS[section])
        return pair.key.start if pair else len(self.text)

    def with_section(self, section: str) -> YamlDocument:  # noqa: D102
        document = self
        path = _PATHS[section]
        for depth, name in enumerate(path):
            if document.find(path[: depth + 1]) is None:
                document = document._with_key(path[:depth], name, f"{name}: # {ADDED}")
        return document

    def block_for(  # noqa: D102
        self, name: str, section: str, entries: Sequence[dict[str, Any]]
    ) -> tuple[int, str]:
        pair = self._section(section)
        slot = slot_in(self.text, pair)
        as_list = bool(pair.value.items) or (not pair.value.pairs and section in (TOOLS, LIMITS))
        lines = write_entries(section, entries, as_list=as_list, flow=slot.flow)
        return slot.offset, self.syntax.write(name, section, lines, slot)

    def without_entry(self, entry: Entry) -> YamlDocument:  # noqa: D102
        value = self._section(entry.section).value
        start, end = entry.start, entry.start
        if not value.flow:
            start, end = next(
                (start, end) for start, begin, end in self._spans(value) if begin == entry.start
            )
        if value.flow or self.text[line_start(self.text, start) : start].strip():
            raise JobConfError(
                f"{entry} in line {line_of(self.text, start)} shares its line with others: remove it by hand"
            )
        end = line_end(self.text, len(self.text[:end].rstrip()))
        return self.of(self.text[: end_of_line_before(self.text, start)] + self.text[end:])

    def with_default(self, name: str) -> YamlDocument:  # noqa: D102
        line = f"default: {dump_flow([name])[1:-1]} # {DEFAULT_ADDED}"
        return self._with_key(("execution",), "default", line)

    def tidied(self) -> YamlDocument:  # noqa: D102
        document = self
        in_use = any(block.section == ENVIRONMENTS for block in self.blocks)
        if not in_use and len(self.conf.destinations()) == 1:
            default = rf"\r?\n *default: [^\r\n]* # {DEFAULT_ADDED}(?=\r?\n|\Z)"
            document = document.of(re.sub(default, "", document.text))
        for path in (*_PATHS.values(), ("execution",)):
            pair = document.find(path)
            if pair is None or not pair.value.is_empty:
                continue
            start, end = pair.key.start, line_end(document.text, pair.key.end)
            if document.text[start:end] == f"{path[-1]}: # {ADDED}":
                start = end_of_line_before(document.text, start)
                document = document.of(document.text[:start] + document.text[end:])
        return document

    def find(self, path: tuple[str, ...]) -> Pair | None:
        """Return a key of the configuration and its value; None if it is not there."""
        return find_pair(self._root, (*self.above, *path))

    @cached_property
    def _root(self) -> YamlNode | None:
        return compose(self.text)

    def _section(self, section: str) -> Pair:
        pair = self.find(_PATHS[section])
        if pair is None:
            raise JobConfError(f"it has no {section}")
        return pair

    def _entries(self) -> Iterator[Entry]:
        for section, path in _PATHS.items():
            pair = self.find(path)
            if pair is None:
                continue
            for each in pair.value.pairs:
                yield Entry(section, each.key.text, each.key.start)
            for item in pair.value.items:
                entry_id = item_id(section, item)
                if entry_id:
                    yield Entry(section, entry_id, item.start)

    def _spans(self, value: YamlNode) -> Iterator[tuple[int, int, int]]:
        """Return where each entry of a section begins, with its dash and without, and where it ends."""
        for key, each in value.pairs:
            yield key.start, key.start, end_of(each)
        for item in value.items:
            yield dash_of(self.text, item), item.start, end_of(item)

    def _with_key(self, parent: tuple[str, ...], name: str, line: str) -> YamlDocument:
        """Have a line with a further key below *parent*."""
        pair = self.find(parent) if parent or self.above else None
        slot = slot_in(self.text, pair) if pair else slot_at_end(self.text, document_end(self.text))
        if slot.flow or (not pair and self._root and self._root.flow):
            raise JobConfError(
                f"it is written in braces, where {name} cannot be added: add it by hand, empty"
            )
        added = slot.newline + slot.indent + line
        return self.of(self.text[: slot.offset] + added + self.text[slot.offset :])
