from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from benchmarks.contest import Rounds
from benchmarks.deadline import Deadline
from benchmarks.machine import Machine
from benchmarks.metric import Figures, Metric, Quantity, at_least_times, at_most
from benchmarks.report import Report, Row, number
from benchmarks.samples import Summary
from benchmarks.server import Server


def _never(_server: Server, _deadline: Deadline) -> Figures:
    raise AssertionError


def _report(rounds: Rounds) -> Report:
    metric = Metric(
        name="polls",
        method="By asking.",
        quantities={
            "rate": Quantity(title="polls", unit="1/s", requirement=at_least_times(2.5)),
            "share": Quantity(title="client", unit="%"),
        },
        measure=_never,
    )
    return Report(
        measured_at=datetime(2026, 1, 2, tzinfo=UTC),
        machine=Machine(
            processor="Abacus", cores=2, memory_gib=24, file_system="ext4", kernel="6.1", python="3.11.2"
        ),
        versions={"ours": "server 1", "reference": "other 2"},
        results=[(metric, rounds)],
    )


BOTH: Rounds = {
    "reference": [{"rate": 700, "share": 5}, {"rate": 800, "share": 5}, {"rate": 710, "share": 5}],
    "ours": [{"rate": 1420, "share": 9}, {"rate": 1775, "share": 7}, {"rate": 1900, "share": 8}],
}


def test_the_table_has_medians_spreads_the_ratio_and_whether_it_suffices() -> None:
    assert _report(BOTH).table().splitlines()[2:] == [
        "| polls | 1/s | 710 (700-800) | 1775 (1420-1900) | 2.50 | at least 2.5 times | yes |",
        "| client | % | 5.00 | 8.00 (7.00-9.00) | 1.60 |  |  |",
    ]


def test_one_side_alone_is_not_judged() -> None:
    lines = _report({"ours": BOTH["ours"]}).table().splitlines()
    assert lines[2] == "| polls | 1/s |  | 1775 (1420-1900) |  | at least 2.5 times |  |"


def test_a_limit_that_is_not_a_ratio_needs_no_reference() -> None:
    quantity = Quantity(title="CPU", unit="%", requirement=at_most(3))
    rows = [Row(quantity=quantity, summaries={"ours": Summary.of([figure])}) for figure in (3.0, 3.1)]
    assert [row.met for row in rows] == [True, False]
    assert Row(quantity=quantity, summaries={"reference": Summary.of([1])}).met is None


def test_the_page_says_what_was_measured_on_what_and_how() -> None:
    page = _report(BOTH).page()
    assert "Measured on 2026-01-02: server 1 beside other 2, Python 3.11.2, Abacus, 2 cores" in page
    assert "* **polls** (3 rounds): By asking.\n" in page
    assert _report(BOTH).table() in page


def test_the_document_keeps_every_round() -> None:
    document = json.loads(_report(BOTH).document())
    assert document["rounds"] == {"polls": BOTH}
    assert [(result["quantity"], result["ratio"], result["met"]) for result in document["results"]] == [
        ("polls", 2.5, True),
        ("client", 1.6, None),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (2.5, "2.50"), (17.26, "17.3"), (1106, "1106")],
)
def test_a_figure_has_three_significant_digits(value: float, text: str) -> None:
    assert number(value) == text
