"""Whether jobs are taken that nobody has asked for an answer about."""

from __future__ import annotations

import attrs

from pulsar_runtime.ports import JobStore


@attrs.frozen(kw_only=True)
class Admission:
    """Keeps jobs in the broker's queue that the server has no use for yet."""

    store: JobStore
    most_active_jobs: int

    def refusal(self) -> str:
        """Say why no job is taken at the moment; empty when one is."""
        if self.store.draining_since() is not None:
            return "this server is being drained"
        if self.store.count_active() >= self.most_active_jobs:
            return f"this server has {self.most_active_jobs} active jobs"
        return ""
