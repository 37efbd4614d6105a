"""A bounded number of threads that serve many jobs in turn."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

Task = Callable[[], None]

#: How long `TransferPool.close` waits for tasks that have been told to stop.
_CLOSE_SECONDS = 2.0


class TransferPool:
    """Runs tasks of owners: one of each owner after the other, so that none waits for all of another.

    At most *owners* have tasks running or in the turn at the same time; the others wait in the order in
    which they came. Threads begin when there is work for them. A task takes care of its own errors.
    """

    def __init__(self, *, workers: int, owners: int) -> None:
        self._most_workers = workers
        self._most_owners = owners
        #: Guards everything below; notified when there is a task, or no more to come.
        self._changed = threading.Condition()
        #: Tasks of the owners whose turn comes, next one first, and of those that wait to be let in.
        self._turn: OrderedDict[int, deque[Task]] = OrderedDict()
        self._line: OrderedDict[int, deque[Task]] = OrderedDict()
        #: How many tasks of each owner run.
        self._running: Counter[int] = Counter()
        self._idle = 0
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def add(self, owner: int, *tasks: Task) -> None:
        """Run these tasks, each in its turn."""
        with self._changed:
            present = self._turn.get(owner) or self._line.get(owner)
            if present is not None:
                present.extend(tasks)
            elif self._running[owner]:
                # Its place is still its own.
                self._turn[owner] = deque(tasks)
            else:
                self._line[owner] = deque(tasks)
            self._let_in()
            self._wake(len(tasks))

    def drop(self, owner: int) -> list[Task]:
        """Take back the tasks of an owner that have not begun."""
        with self._changed:
            dropped = self._turn.pop(owner, None) or self._line.pop(owner, None) or ()
            self._let_in()
            self._wake(self._most_workers)
            return list(dropped)

    def close(self) -> None:
        """Begin no more tasks, and wait a moment for those that run."""
        with self._changed:
            self._closed = True
            self._turn.clear()
            self._line.clear()
            self._changed.notify_all()
            threads = list(self._threads)
        deadline = time.monotonic() + _CLOSE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _wake(self, tasks: int) -> None:
        """Have threads for some more tasks, as far as there may be."""
        if not self._idle and len(self._threads) == self._most_workers:
            return
        self._changed.notify(tasks)
        queued = sum(map(len, self._turn.values()))
        while self._idle < queued and len(self._threads) < self._most_workers and not self._closed:
            # Not waited for at exit: what they are in the middle of can be repeated.
            thread = threading.Thread(target=self._serve, name="transfer", daemon=True)
            self._threads.add(thread)
            self._idle += 1
            thread.start()

    def _let_in(self) -> None:
        """Move owners from the line into the turn while there is room."""
        while self._line and len(self._turn.keys() | +self._running) < self._most_owners:
            owner, tasks = self._line.popitem(last=False)
            self._turn[owner] = tasks

    def _serve(self) -> None:
        # Counted as idle by whoever started it.
        try:
            while (work := self._next()) is not None:
                owner, task = work
                try:
                    task()
                finally:
                    with self._changed:
                        self._running[owner] -= 1
                        self._let_in()
                        # The others: this one is about to take the next task itself.
                        self._wake(self._most_workers)
                        self._idle += 1
        finally:
            with self._changed:
                self._idle -= 1
                self._threads.discard(threading.current_thread())
                # If a task has gone wrong, others may need a thread in place of this one.
                self._wake(self._most_workers)

    def _next(self) -> tuple[int, Task] | None:
        with self._changed:
            while not self._turn:
                if self._closed:
                    return None
                self._changed.wait()
            owner, tasks = self._turn.popitem(last=False)
            task = tasks.popleft()
            if tasks:
                self._turn[owner] = tasks
            self._running[owner] += 1
            self._idle -= 1
            return owner, task
