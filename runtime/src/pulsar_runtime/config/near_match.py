"""Guess what somebody meant to write."""

from __future__ import annotations

from collections.abc import Iterable


def near_match(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean '...'?`` for the nearest of the *known* words, or nothing."""
    import difflib  # noqa: PLC0415 - only a wrong configuration needs it, every start would wait for it

    matches = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
