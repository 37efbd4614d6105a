"""Text that must not be seen."""

from __future__ import annotations

MASK = "********"


class Secret:
    """Hold text that no ``repr``, ``str``, log line or ``attrs.asdict`` shows; ask `reveal` for it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
