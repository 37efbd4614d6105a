"""What is measured, and what it must reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Protocol

import attrs

from benchmarks.deadline import Deadline
from benchmarks.server import Server


class Bound(Enum):
    """The side of its limit on which a figure has to be."""

    AT_LEAST = "at least"
    AT_MOST = "at most"

    def holds(self, figure: float, limit: float) -> bool:
        """Say whether the figure is on the right side; the limit itself is."""
        return figure >= limit if self is Bound.AT_LEAST else figure <= limit


@attrs.frozen(kw_only=True)
class Requirement:
    """A limit for our figure, or for its ratio to the reference's."""

    bound: Bound
    limit: float
    of_ratio: bool = True

    def met(self, *, ours: float, ratio: float | None) -> bool:
        """Say whether a result reaches the limit; where a ratio is asked for, there has to be one."""
        figure = ratio if self.of_ratio else ours
        return figure is not None and self.bound.holds(figure, self.limit)

    def __str__(self) -> str:
        if not self.of_ratio:
            return f"{self.bound.value} {self.limit:g}"
        if self.limit < 1 and (1 / self.limit).is_integer():
            return f"{self.bound.value} 1/{1 / self.limit:g}"
        return f"{self.bound.value} {self.limit:g} times"


@attrs.frozen(kw_only=True)
class Quantity:
    """One figure of a metric: a row of the table."""

    title: str
    unit: str
    requirement: Requirement | None = None


#: The figures of one trial, by the names of their quantities.
Figures = Mapping[str, float]


class Described(Protocol):
    """What a report says of a measurement."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def method(self) -> str:
        """How it is measured."""

    @property
    def quantities(self) -> Mapping[str, Quantity]:
        """Its rows."""

    @property
    def rounds(self) -> int:
        """How often it is made."""


@attrs.frozen(kw_only=True)
class Metric:
    """A measurement that is made with a freshly started server, once for each round."""

    name: str
    method: str
    """How it is measured, for the page."""
    quantities: Mapping[str, Quantity]
    measure: Callable[[Server, Deadline], Figures]
    rounds: int = 3
    limit_seconds: float = 120
    concurrent_jobs: int = 8
    staging_in_memory: bool = False
    """Whether job directories are in memory: where a metric makes and removes thousands of files a second,
    what a disk's file system does about the ones that are gone would be measured with the server."""
    by_message: bool = False
    """Whether server and Galaxy meet at a broker."""
    by_batch_system: bool = False
    """Whether jobs go to the stand-in of a batch system; then ours is measured alone."""
    curl: bool = False
    """Whether the reference has pycurl to move files with; ours always does, as the role installs it."""


def at_most(limit: float) -> Requirement:
    """Require that our figure is not above a limit."""
    return Requirement(bound=Bound.AT_MOST, limit=limit, of_ratio=False)


def at_least_times(limit: float) -> Requirement:
    """Require that ours is so many times the reference's figure, or more."""
    return Requirement(bound=Bound.AT_LEAST, limit=limit)


def at_most_times(limit: float) -> Requirement:
    """Require that ours is this part of the reference's figure, or less."""
    return Requirement(bound=Bound.AT_MOST, limit=limit)
