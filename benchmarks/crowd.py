"""Several clients at once, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

from benchmarks.job_client import JobClient

CLIENTS = 8

T = TypeVar("T")
R = TypeVar("R")


def share_out(items: Iterable[T], work: Callable[[JobClient, T], R], *, port: int, token: str) -> list[R]:
    """Let ``CLIENTS`` clients work through ``items``; the first failure is raised when all have ended."""
    queue: SimpleQueue[T] = SimpleQueue()
    for item in items:
        queue.put(item)

    def run() -> list[R]:
        results: list[R] = []
        with JobClient.to(port, token) as client:
            while True:
                try:
                    item = queue.get_nowait()
                except Empty:
                    return results
                results.append(work(client, item))

    with ThreadPoolExecutor(CLIENTS) as pool:
        futures = [pool.submit(run) for _ in range(CLIENTS)]
    return [result for future in futures for result in future.result()]
