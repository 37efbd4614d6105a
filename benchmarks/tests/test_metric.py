from __future__ import annotations

import pytest

from benchmarks.metric import Bound, Requirement, at_least_times, at_most_times


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        (at_least_times(2.5), "at least 2.5 times"),
        (at_most_times(1 / 3), "at most 1/3"),
        (at_most_times(0.8), "at most 0.8 times"),
        (Requirement(bound=Bound.AT_MOST, limit=40, of_ratio=False), "at most 40"),
    ],
)
def test_a_requirement_reads_as_the_table_says_it(requirement: Requirement, words: str) -> None:
    assert str(requirement) == words


@pytest.mark.parametrize(
    ("requirement", "ours", "ratio", "met"),
    [
        (at_least_times(4), 1.0, 4.0, True),
        (at_least_times(4), 9.0, 3.9, False),
        (at_most_times(0.25), 9.0, 0.25, True),
        (at_most_times(0.25), 0.1, 0.26, False),
        (at_most_times(0.25), 0.1, None, False),
        (Requirement(bound=Bound.AT_MOST, limit=40, of_ratio=False), 40, None, True),
        (Requirement(bound=Bound.AT_LEAST, limit=200, of_ratio=False), 199, 9.0, False),
    ],
)
def test_a_requirement_looks_at_its_own_figure(
    requirement: Requirement, ours: float, ratio: float | None, *, met: bool
) -> None:
    assert requirement.met(ours=ours, ratio=ratio) is met
