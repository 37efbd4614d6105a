"""Modules stay as small as one concept is."""

from __future__ import annotations

import statistics

from runtime.tests.architecture.source import modules

MEDIAN, NINE_OF_TEN, ALL = 150, 350, 500


def test_modules_keep_within_the_budget() -> None:
    sizes = {name: len(text.splitlines()) for name, text in modules().items()}
    lengths = sorted(sizes.values())
    assert statistics.median(lengths) <= MEDIAN
    assert lengths[len(lengths) * 9 // 10] <= NINE_OF_TEN
    assert {name: size for name, size in sizes.items() if size > ALL} == {}


def test_no_module_is_named_after_nothing() -> None:
    """One concept per file, and the file is named after it."""
    nothing = {"util", "utils", "helper", "helpers", "common", "misc", "base", "tools", "lib"}
    parts = {part.removesuffix(".py") for name in modules() for part in name.split("/")}
    assert parts & nothing == set()
