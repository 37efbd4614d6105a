"""The elements of an XML text, which know where they are in it. Private to the collection."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.parsers import expat

from .error import JobConfError

_START_TAG = re.compile(r"<[^\s/>]+(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")


class Element(NamedTuple):
    """An element and its places in the text.

    *start* is where its first tag begins and *inside* where that tag ends; *close* is where its last tag
    begins, and
    *end* is where that ends. *single* tells that one tag is both (``<tools/>``), with no room for children.
    """

    tag: str
    attributes: dict[str, str]
    #: What is written in it before its first child; None if that is nothing.
    text: str | None
    children: list[Element]
    start: int
    inside: int
    close: int
    end: int
    single: bool

    def find(self, tag: str) -> Element | None:
        """Return the first child with a tag."""
        return next(iter(self.all(tag)), None)

    def all(self, tag: str) -> list[Element]:
        """Return the children with a tag."""
        return [child for child in self.children if child.tag == tag]


def parse(text: str) -> Element:
    """Return the root of a document, whose text has one character for each byte of the file (Latin-1)."""
    if text.startswith(("\xff\xfe", "\xfe\xff")):
        raise JobConfError("it is encoded in UTF-16: convert it to UTF-8")
    builder = _Builder(text)
    try:
        builder.parser.Parse(text.encode("latin-1"), True)  # noqa: FBT003 (expat takes no name for it)
    except expat.ExpatError as exc:
        reason = expat.ErrorString(exc.code)
        raise JobConfError(f"line {exc.lineno}, column {exc.offset + 1}: {reason}") from exc
    return builder.root


class _Open(NamedTuple):
    """An element whose end is still to come."""

    tag: str
    attributes: dict[str, str]
    start: int
    inside: int
    text: list[str]
    children: list[Element]


class _Builder:
    """Makes elements of what expat reports; a parser serves for one text."""

    root: Element

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Open] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        start = self.parser.CurrentByteIndex
        found = _START_TAG.match(self._text, start)
        if found is None:
            raise JobConfError(f"the element {tag} comes from an entity: write it out")
        self._open.append(_Open(tag, attributes, start, found.end(), [], []))

    def _characters(self, data: str) -> None:
        if not self._open[-1].children:
            self._open[-1].text.append(data)

    def _end(self, tag: str) -> None:
        begun = self._open.pop()
        inside = begun.inside
        single = self._text[inside - 2] == "/"
        close = inside if single else self.parser.CurrentByteIndex
        element = Element(
            tag,
            begun.attributes,
            "".join(begun.text) or None,
            begun.children,
            begun.start,
            inside,
            close,
            inside if single else self._text.index(">", close) + 1,
            single,
        )
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
