"""Marks in a file that say what is ours: an entry between two comments, and lines that hold such entries.

Every edit is an insertion of such a block or of such a line, so taking it out again restores every byte.
Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .error import JobConfError
from .position import line_of

#: What an endpoint may be called: its name is in comments, and XML allows no ``--`` in one.
NAME = re.compile(r"(?!.*--)[A-Za-z0-9_.](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
ADDED = "added by galaxyops.pulsar"
DEFAULT_ADDED = f"default {ADDED}"

_ANY = r"(?P<name>[A-Za-z0-9_.-]+) (?P<section>runners|environments|tools|limits)"


class Block(NamedTuple):
    """A block in a text, with its marks and the line break before it."""

    name: str
    section: str
    start: int
    end: int


class Slot(NamedTuple):
    """Where a block goes and what it looks like there."""

    offset: int
    indent: str
    newline: str
    #: What a block is: lines of its own, or part of the line it is in.
    own_lines: bool = True
    #: YAML's flow style: entries end with commas, and what follows in the line is put below the block.
    flow: bool = False


class Syntax(NamedTuple):
    """How comments are written, and what a block looks like to one who searches for it."""

    opening: str
    closing: str
    block: re.Pattern[str]

    def begin(self, name: str, section: str) -> str:
        """Return the mark above an entry."""
        return f"{self.opening}begin galaxyops.pulsar {name} {section}{self.closing}"

    def end(self, name: str, section: str, *, joined: bool = False) -> str:
        """Return the mark below an entry."""
        return (
            f"{self.opening}end galaxyops.pulsar {name} {section}{', joined' if joined else ''}{self.closing}"
        )

    def write(self, name: str, section: str, lines: Sequence[str], slot: Slot) -> str:
        """Return a block for a slot."""
        all_lines = [self.begin(name, section), *lines, self.end(name, section, joined=slot.flow)]
        if not slot.own_lines:
            return "".join(line.strip() for line in all_lines)
        block = "".join(f"{slot.newline}{slot.indent}{line}" for line in all_lines)
        return f"{block}{slot.newline}{slot.indent}" if slot.flow else block

    def find(self, text: str) -> list[Block]:
        """Return the blocks of all endpoints; raises `JobConfError` if a mark has lost its counterpart."""
        blocks = [
            Block(found["name"], found["section"], *found.span()) for found in self.block.finditer(text)
        ]
        for mark in re.finditer(rf"{re.escape(self.opening)}(?:begin|end) galaxyops\.pulsar {_ANY}", text):
            if not any(block.start <= mark.start() < block.end for block in blocks):
                raise JobConfError(
                    f"line {line_of(text, mark.start())} is a mark of galaxyops.pulsar that stands alone: "
                    "restore the other one, or remove this one and make its entry your own"
                )
        return blocks


YAML = Syntax(
    "# ",
    "",
    re.compile(
        rf"\r?\n(?P<indent> *)# begin galaxyops\.pulsar {_ANY}\r?\n"
        r"(?:(?!\r?\n *# (?:begin|end) galaxyops).)*\r?\n *"
        r"# end galaxyops\.pulsar (?P=name) (?P=section)(?:, joined\r?\n(?P=indent)|(?=\r?\n|\Z))",
        re.DOTALL,
    ),
)
XML = Syntax(
    "<!-- ",
    " -->",
    re.compile(
        rf"(?:\r?\n[ \t]*)?<!-- begin galaxyops\.pulsar {_ANY} -->"
        r"(?:(?!<!-- (?:begin|end) galaxyops).)*"
        r"<!-- end galaxyops\.pulsar (?P=name) (?P=section) -->",
        re.DOTALL,
    ),
)
