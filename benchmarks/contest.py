"""Rounds in which the products take turns, so that what the machine does meanwhile hits both."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from benchmarks import broker
from benchmarks.batch_system import BatchSystem
from benchmarks.deadline import Deadline
from benchmarks.directories import temporary_directory
from benchmarks.failure import MeasurementFailed
from benchmarks.metric import Figures, Metric
from benchmarks.product import Product
from benchmarks.server import Server

#: A server that answers may still be starting what it has several of.
SETTLE_SECONDS = 1.0

#: The figures of every round, by product.
Rounds = dict[str, list[Figures]]


def compete(metric: Metric, products: Sequence[Product], tell: Callable[[str], None]) -> Rounds:
    """Measure each product once in each round."""
    rounds: Rounds = {product.name: [] for product in products}
    for number in range(1, metric.rounds + 1):
        for product in products:
            figures = trial(metric, product)
            rounds[product.name].append(figures)
            words = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            tell(f"{metric.name} {number}/{metric.rounds} {product.name}: {words}")
    return rounds


def trial(metric: Metric, product: Product) -> Figures:
    """Start a fresh server in an empty directory, measure, and take it away."""
    with (
        temporary_directory(in_memory=False) as directory,
        temporary_directory(in_memory=metric.staging_in_memory) as staging,
        broker.running(directory / "broker") if metric.by_message else nullcontext() as meeting_place,
    ):
        server = Server.prepared(
            product,
            directory,
            staging / "staging",
            metric.concurrent_jobs,
            meeting_place,
            batch_system=BatchSystem.installed(directory / "cluster") if metric.by_batch_system else None,
            curl=metric.curl,
        )
        try:
            server.start()
            time.sleep(SETTLE_SECONDS)
            return metric.measure(server, Deadline(metric.limit_seconds, metric.name))
        except (MeasurementFailed, OSError, LookupError, ValueError) as error:
            # ValueError and LookupError: an answer that is not what the protocol says.
            raise MeasurementFailed(
                f"{metric.name}, {product.name}: {error}\nlast lines of its log:\n{server.log_tail()}"
            ) from error
        finally:
            server.end(signal.SIGTERM)
