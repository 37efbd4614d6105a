"""A job configuration in XML. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from xml.sax.saxutils import quoteattr

from .conf import JobConf
from .document import Document
from .error import JobConfError
from .mark import ADDED, DEFAULT_ADDED, XML, Slot
from .position import end_of_line_before, line_of, line_start, newline_of
from .section import ENVIRONMENTS, LIMITS, RUNNERS, SECTIONS, TOOLS, Entry, limit_key, tool_key
from .xml_conf import TAGS, entries_of, read_conf, write_entries
from .xml_tree import Element, parse

_STEP = "    "


class XmlDocument(Document):
    """Job configuration in XML; its text has one character for each byte of the file (Latin-1).

    What is written into it is ASCII, so that it fits every encoding that the file may have.
    """

    syntax = XML
    kind = "xml"

    @cached_property
    def _root(self) -> Element:
        return parse(self.text)

    def of(self, text: str) -> XmlDocument:  # noqa: D102
        return self if text == self.text else XmlDocument(text)

    @cached_property
    def conf(self) -> JobConf:  # noqa: D102
        return read_conf(self._root)

    @cached_property
    def entries(self) -> list[Entry]:  # noqa: D102
        found: dict[tuple[str, str, int], Entry] = {}
        for section in SECTIONS:
            for element in entries_of(self._root, section):
                entry = Entry(section, _id(section, element), element.start)
                unique = section in (RUNNERS, ENVIRONMENTS)
                first = found.setdefault((section, entry.id, 0 if unique else element.start), entry)
                if first is not entry:
                    lines = f"{line_of(self.text, first.start)} and {line_of(self.text, entry.start)}"
                    raise JobConfError(f"{entry} is there twice, in lines {lines}: remove one of them")
        return list(found.values())

    def section_start(self, section: str) -> int:  # noqa: D102
        element = self._root.find(TAGS[section].section)
        return element.start if element else len(self.text)

    def with_section(self, section: str) -> XmlDocument:  # noqa: D102
        tag = TAGS[section].section
        if self._root.single:
            raise JobConfError("it is <job_conf/>, with no room for entries")
        there = self._root.find(tag)
        if there and not there.single:
            return self
        if there and there.attributes:
            raise JobConfError(
                f"line {line_of(self.text, there.start)}: <{tag} .../> has no room for entries: write it as "
                f"<{tag} ...></{tag}>"
            )
        slot = self._slot(there.start if there else self._root.close, "" if there else _STEP)
        opening, closing = f"<{tag}><!-- {ADDED} -->", f"</{tag}>"
        lines = f"{slot.newline}{slot.indent}" if slot.own_lines else ""
        added = f"{lines}{opening}{lines}{closing}"
        return self.of(self.text[: slot.offset] + added + self.text[slot.offset :])

    def block_for(  # noqa: D102
        self, name: str, section: str, entries: Sequence[dict[str, Any]]
    ) -> tuple[int, str]:
        parent = self._root.find(TAGS[section].section)
        if parent is None:
            raise JobConfError(f"it has no {TAGS[section].section}")
        slot = self._slot(parent.close, _STEP)
        return slot.offset, self.syntax.write(name, section, write_entries(section, entries), slot)

    def without_entry(self, entry: Entry) -> XmlDocument:  # noqa: D102
        element = next(each for each in entries_of(self._root, entry.section) if each.start == entry.start)
        start, end = element.start, element.end
        alone = not self.text[line_start(self.text, start) : start].strip()
        if alone and re.match(r"[ \t]*(\r?\n|\Z)", self.text[end:]):
            start = end_of_line_before(self.text, start)
        return self.of(self.text[:start] + self.text[end:])

    def with_default(self, name: str) -> XmlDocument:  # noqa: D102
        destinations = self._root.find("destinations")
        if destinations is None or destinations.single:
            raise JobConfError("it has no destinations")
        inside = destinations.inside
        tag = f" default={quoteattr(name)}><!-- {DEFAULT_ADDED} -->"
        return self.of(self.text[: inside - 1] + tag + self.text[inside:])

    def tidied(self) -> XmlDocument:  # noqa: D102
        text = self.text
        keep_default = any(block.section == ENVIRONMENTS for block in self.blocks)
        if not keep_default and len(self.conf.destinations()) == 1:
            text = re.sub(rf""" default=("[^"]*"|'[^']*')><!-- {DEFAULT_ADDED} -->""", ">", text)
        names = "|".join(tags.section for tags in TAGS.values())
        return self.of(re.sub(rf"(?:\r?\n[ \t]*)?<({names})><!-- {ADDED} -->\s*</\1>", "", text))

    def _slot(self, before: int, step: str) -> Slot:
        """Return the slot before a tag, *step* deeper than the tag is."""
        start = line_start(self.text, before)
        indent = self.text[start:before]
        if start == 0 or indent.strip():
            return Slot(before, "", newline_of(self.text), own_lines=False)
        return Slot(end_of_line_before(self.text, before), indent + step, newline_of(self.text))


def _id(section: str, element: Element) -> str:
    attributes = element.attributes
    if section == TOOLS:
        return tool_key(attributes["id"])
    if section == LIMITS:
        kind = attributes["type"].replace("destination_", "environment_")
        return limit_key(kind, attributes.get("tag") or attributes.get("id"))
    return attributes["id"]
