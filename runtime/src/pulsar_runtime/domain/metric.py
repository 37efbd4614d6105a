"""Figures for whoever watches a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import attrs


class MetricKind(StrEnum):
    """How a figure changes."""

    #: Up and down.
    GAUGE = "gauge"
    #: Up only.
    COUNTER = "counter"


@attrs.frozen
class Sample:
    """One figure, and what it is the figure of."""

    value: float
    labels: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Metric:
    """Figures that differ in their labels alone."""

    name: str
    kind: MetricKind
    #: One sentence.
    help: str
    samples: Sequence[Sample]
