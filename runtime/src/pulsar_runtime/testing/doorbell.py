"""A doorbell without a socket."""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.define
class InMemoryDoorbell:
    """Implements the port `Doorbell`; *agent* is called when it rings, None means that nobody hears it."""

    agent: Callable[[], None] | None = None
    rings: int = 0

    def ring(self) -> None:
        """Wake the agent, if there is one."""
        self.rings += 1
        if self.agent is not None:
            self.agent()

    def answered(self) -> bool:
        """Tell whether an agent would hear it."""
        return self.agent is not None
