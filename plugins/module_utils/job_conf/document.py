"""A job configuration as text, which can be edited without a change to what is not ours.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from textwrap import dedent
from typing import Any

from .conf import JobConf
from .endpoint import Endpoint
from .mark import Block, Syntax
from .section import Entry


class Document(ABC):
    """One text in one syntax. It never changes: what edits it returns another one."""

    #: What is written in front of and behind a comment.
    syntax: Syntax
    #: Which form it has: ``yaml``, ``xml``, or ``inline`` in Galaxy's own configuration.
    kind: str

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def blocks(self) -> list[Block]:
        """Return the blocks of all endpoints."""
        return self.syntax.find(self.text)

    def owner(self, entry: Entry) -> str | None:
        """Return the name of the endpoint that an entry was written for; None if somebody else wrote it."""
        for block in self.blocks:
            if block.start <= entry.start < block.end:
                return block.name
        return None

    def put(self, name: str, section: str, endpoint: Endpoint | None) -> Document:
        """Have just these entries under a name in a section: an endpoint's, or none without one."""
        kept = self.text
        there = [block for block in self.blocks if (block.name, block.section) == (name, section)]
        for block in reversed(there):
            kept = kept[: block.start] + kept[block.end :]
        without = self.of(kept)
        entries = endpoint.section(section) if endpoint else []
        if not entries:
            return without
        with_section = without.with_section(section)
        offset, new = with_section.block_for(name, section, entries)
        if [_dedented(self.text[block.start : block.end]) for block in there] == [_dedented(new)]:
            return self
        return self.of(with_section.text[:offset] + new + with_section.text[offset:])

    @abstractmethod
    def of(self, text: str) -> Document:
        """Return a document of this kind: this one, which knows its parts, if the text is the same."""

    @property
    @abstractmethod
    def conf(self) -> JobConf:
        """Return what the document says."""

    @property
    @abstractmethod
    def entries(self) -> list[Entry]:
        """Return the entries of all sections; raises `JobConfError` if an id is there twice."""

    @abstractmethod
    def section_start(self, section: str) -> int:
        """Return where a section begins; where the text ends if it is not there."""

    @abstractmethod
    def with_section(self, section: str) -> Document:
        """Have a section, if only an empty one that is marked as ours."""

    @abstractmethod
    def block_for(self, name: str, section: str, entries: Sequence[dict[str, Any]]) -> tuple[int, str]:
        """Return a block with entries, and where it goes."""

    @abstractmethod
    def without_entry(self, entry: Entry) -> Document:
        """Take out an entry that somebody else wrote."""

    @abstractmethod
    def with_default(self, name: str) -> Document:
        """Name the environment that jobs go to by default, and mark that as ours."""

    @abstractmethod
    def tidied(self) -> Document:
        """Take out what is ours and no longer needed: sections without entries, and the default."""


def _dedented(block: str) -> str:
    """Return a block without its indentation, which depends on the line that it was put in."""
    return dedent(block.replace("\r\n", "\n")).strip()
