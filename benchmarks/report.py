"""The table, and the page around it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from benchmarks.contest import Rounds
from benchmarks.machine import Machine
from benchmarks.metric import Described, Quantity
from benchmarks.samples import Summary, ratio

OURS = "ours"
REFERENCE = "reference"

INTRODUCTION = """\
# Benchmarks

Our server beside the reference, measured in one run by `make bench`, which also writes this page. Both
run on the same machine with the same settings and are driven by the same client code over the loopback
interface. They take turns: in each round of a measurement first one server, then the other is started
afresh in an empty directory, given a second, measured and stopped. A figure is the median of the rounds,
with the lowest and the highest in parentheses; the ratio is that of the medians, ours to the reference's.
"""


@attrs.frozen(kw_only=True)
class Row:
    """One quantity, measured for one product or both."""

    quantity: Quantity
    summaries: Mapping[str, Summary]

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the reference's, if both were measured and that is not nothing."""
        if not self._complete:
            return None
        return ratio(self.summaries[OURS].median, self.summaries[REFERENCE].median)

    @property
    def met(self) -> bool | None:
        """Whether the requirement is reached, if there is one and all that it is about was measured."""
        required = self.quantity.requirement
        if required is None or not (self._complete if required.of_ratio else OURS in self.summaries):
            return None
        return required.met(ours=self.summaries[OURS].median, ratio=self.ratio)

    @property
    def _complete(self) -> bool:
        return self.summaries.keys() >= {OURS, REFERENCE}


@attrs.frozen(kw_only=True)
class Report:
    """The results of a run."""

    measured_at: datetime
    machine: Machine
    versions: Mapping[str, str]
    results: Sequence[tuple[Described, Rounds]]
    introduction: str = INTRODUCTION

    def rows(self) -> list[Row]:
        """Return a row for each quantity, in the order of the metrics."""
        return [
            Row(
                quantity=quantity,
                summaries={
                    product: Summary.of([figures[name] for figures in rounds])
                    for product, rounds in by_product.items()
                },
            )
            for metric, by_product in self.results
            for name, quantity in metric.quantities.items()
        ]

    def table(self) -> str:
        """Render the rows as a Markdown table."""
        lines = [
            "| | unit | reference | ours | ratio | required | met |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in self.rows():
            required = row.quantity.requirement
            cells = [
                row.quantity.title,
                row.quantity.unit,
                _figure(row.summaries.get(REFERENCE)),
                _figure(row.summaries.get(OURS)),
                "" if row.ratio is None else number(row.ratio),
                "" if required is None else str(required),
                {True: "yes", False: "no", None: ""}[row.met],
            ]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def page(self) -> str:
        """Render the page for the documentation."""
        machine = self.machine
        measured = (
            f"Measured on {self.measured_at:%Y-%m-%d}: {self.versions[OURS]} beside "
            f"{self.versions[REFERENCE]}, Python {machine.python}, {machine.processor}, "
            f"{machine.cores} cores, {machine.memory_gib} GiB of memory, {machine.file_system}, "
            f"Linux {machine.kernel}.\n"
        )
        methods = [
            f"* **{metric.name}** ({_times(metric.rounds)}): {metric.method}" for metric, _ in self.results
        ]
        parts = [self.introduction, measured, self.table(), "## How each is measured\n", *methods, ""]
        return "\n".join(parts)

    def document(self) -> str:
        """Render everything that was measured as JSON."""
        content = {
            "measured_at": self.measured_at.isoformat(),
            "machine": attrs.asdict(self.machine),
            "versions": dict(self.versions),
            "results": [
                {
                    "quantity": row.quantity.title,
                    "unit": row.quantity.unit,
                    **{product: attrs.asdict(summary) for product, summary in row.summaries.items()},
                    "ratio": row.ratio,
                    "required": None if row.quantity.requirement is None else str(row.quantity.requirement),
                    "met": row.met,
                }
                for row in self.rows()
            ],
            "rounds": {metric.name: rounds for metric, rounds in self.results},
        }
        return json.dumps(content, indent=2) + "\n"


def number(value: float) -> str:
    """Write a figure with three significant digits."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def _figure(summary: Summary | None) -> str:
    if summary is None:
        return ""
    if summary.low == summary.high:
        return number(summary.median)
    return f"{number(summary.median)} ({number(summary.low)}-{number(summary.high)})"


def _times(rounds: int) -> str:
    return "1 round" if rounds == 1 else f"{rounds} rounds"
