"""Figures in numbers: percentiles, medians and spreads."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Self

import attrs


@attrs.frozen
class Summary:
    """The median of the rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Summarise at least one value."""
        return cls(median=statistics.median(values), low=min(values), high=max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least ``percent`` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def ratio(ours: float, reference: float) -> float | None:
    """Return ours as a multiple of the reference's, where that is not nothing."""
    return ours / reference if reference else None
