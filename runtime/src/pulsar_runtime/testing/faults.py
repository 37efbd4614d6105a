"""Errors that a test plans and a twin raises."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable


class Faults:
    """What will go wrong in the calls of one twin; a call that is not planned to fail succeeds."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[BaseException | None]] = defaultdict(deque)

    def plan(self, method: Callable[..., object], *errors: BaseException, after: int = 0) -> None:
        """Let calls of a twin's *method* raise these errors, one each, after some that succeed."""
        self._planned[method.__name__].extend([*[None] * after, *errors])

    def meet(self, method: Callable[..., object]) -> None:
        """Raise what was planned for this call of *method*; twins begin with it."""
        planned = self._planned[method.__name__]
        error = planned.popleft() if planned else None
        if error is not None:
            raise error
