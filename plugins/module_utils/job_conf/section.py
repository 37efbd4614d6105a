"""The four sections of a job configuration that an endpoint has entries in. Private to the collection."""

from __future__ import annotations

from typing import NamedTuple

RUNNERS = "runners"
ENVIRONMENTS = "environments"
TOOLS = "tools"
LIMITS = "limits"
SECTIONS = (RUNNERS, ENVIRONMENTS, TOOLS, LIMITS)


class Entry(NamedTuple):
    """One entry of a section, and where in the text it begins."""

    section: str
    id: str
    start: int

    def __str__(self) -> str:
        """Name it for a message."""
        return f"{self.section}: {self.id}"


def tool_key(tool_id: str) -> str:
    """Return what Galaxy looks a tool up by (``galaxy.jobs.JobConfiguration``)."""
    return tool_id.lower().rstrip("/")


def limit_key(kind: str, id_or_tag: object) -> str:
    """Return what tells one limit from another; Galaxy has two names for each kind."""
    return f"{kind.replace('destination_', 'environment_')} of {id_or_tag}"
