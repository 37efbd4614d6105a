"""``python -m benchmarks``: measure, print the table, and after a full run write it down."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.contest import compete
from benchmarks.environment import ROOT
from benchmarks.failure import MeasurementFailed
from benchmarks.metrics import METRICS
from benchmarks.product import Product
from benchmarks.reference import Reference
from benchmarks.report import OURS, REFERENCE, Report
from benchmarks.runtime import Runtime

DOCUMENT = Path(__file__).resolve().parent / "results" / "latest.json"
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"


def main() -> int:
    """Run what was asked for; the exit code is 1 only when something could not be measured."""
    arguments = _parser().parse_args()
    # A stopped run takes its server with it, as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    products: list[Product] = []
    if arguments.server in (None, REFERENCE):
        _tell("installing the reference server")
        products.append(Reference.installed())
    if arguments.server in (None, OURS):
        _tell("installing our server")
        products.append(Runtime.installed())
    results, failures = [], []
    for metric in METRICS:
        competitors = [one for one in products if one.name == OURS or not metric.by_batch_system]
        if competitors and arguments.only in (None, metric.name):
            try:
                results.append((metric, compete(metric, competitors, _tell)))
            except MeasurementFailed as failure:
                failures.append(failure)
                _tell(f"FAILED {failure}")
    report = Report(
        measured_at=datetime.now(UTC),
        machine=machine.describe(),
        versions={product.name: product.version for product in products},
        results=results,
    )
    sys.stdout.write(report.table())
    if failures:
        return 1
    if arguments.only is None and arguments.server is None:
        for path, content in ((DOCUMENT, report.document()), (PAGE, report.page())):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            _tell(f"written: {path.relative_to(ROOT)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=[metric.name for metric in METRICS], help="make one measurement")
    parser.add_argument("--server", choices=[OURS, REFERENCE], help="measure one side")
    return parser


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
