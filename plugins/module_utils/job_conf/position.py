"""Places in a text: its lines, and where one ends. Private to the collection."""

from __future__ import annotations


def line_of(text: str, offset: int) -> int:
    """Return the number of the line that *offset* is in; the first one is 1."""
    return text.count("\n", 0, offset) + 1


def line_start(text: str, offset: int) -> int:
    """Return where the line that *offset* is in begins."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Return where the line that *offset* is in ends, before its line break."""
    end = text.find("\n", offset)
    if end < 0:
        return len(text)
    return end - 1 if end > offset and text[end - 1] == "\r" else end


def end_of_line_before(text: str, offset: int) -> int:
    """Return where the line before the one of *offset* ends, before its line break; 0 in the first line."""
    start = line_start(text, offset)
    return start - 2 if text[max(start - 2, 0) : start] == "\r\n" else max(start - 1, 0)


def newline_of(text: str) -> str:
    """Return the line break that a text uses: that of its first line."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
