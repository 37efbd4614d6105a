"""What is to be moved for a job, before it starts and after it ended; not how."""

from __future__ import annotations

import attrs

from pulsar_runtime.domain.paths import JobFile


@attrs.frozen(kw_only=True)
class StageInAction:
    """One file that the server itself brings into the job directory before the job starts."""

    file: JobFile
    #: The wire name of the action (protocol section 5.1).
    action_type: str
    #: The text to write, for ``message``.
    contents: str | None = None


@attrs.frozen(kw_only=True)
class StagingPlan:
    """The server's share of the staging; empty when the client moves all files."""

    stage_in: tuple[StageInAction, ...] = ()
    #: The actions that outputs may need from the server.
    stage_out_action_types: frozenset[str] = frozenset()


NOTHING_TO_STAGE = StagingPlan()


@attrs.frozen
class DynamicFileSource:
    """A file of the working directory whose text comes with the final status (protocol section 3.6)."""

    path: str
    type: str
