from __future__ import annotations

import pytest

from benchmarks.samples import Summary, percentile, ratio


def test_a_percentile_is_the_nearest_rank() -> None:
    """Expected values: the worked example of the nearest-rank method in Wikipedia's article "Percentile"."""
    values = [50, 15, 40, 20, 35]
    assert [percentile(values, percent) for percent in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]


def test_the_99th_percentile_of_200_values_leaves_two_above() -> None:
    assert percentile(range(1, 201), 99) == 198


def test_a_summary_has_the_median_and_the_extremes() -> None:
    assert Summary.of([3.0, 1.0, 2.5]) == Summary(median=2.5, low=1.0, high=3.0)


@pytest.mark.parametrize(
    ("ours", "reference", "expected"), [(68, 17, 4), (0, 17, 0), (200, 0, None), (0, 0, None)]
)
def test_a_ratio_is_ours_to_the_references(ours: float, reference: float, expected: float | None) -> None:
    assert ratio(ours, reference) == expected
