"""The server's own share of the staging in this release: texts that came inside the submission."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from pulsar_runtime.domain.errors import StagingError, UnsafePath
from pulsar_runtime.domain.job import Job, Submission
from pulsar_runtime.domain.staging import StageInAction
from pulsar_runtime.ports import JobFiles

_MESSAGE = "message"

#: Actions that need nothing from the server after the job (protocol section 5.1).
_CLIENT_SIDE = frozenset({"none", "rewrite", "transfer", "copy", _MESSAGE})


@attrs.frozen
class EmbeddedStager:
    """Implements the port `Stager` for ``message`` actions."""

    files: JobFiles

    def check(self, submission: Submission) -> None:
        """Raise `StagingError` for an action that this server cannot do."""
        plan = submission.staging
        unknown = {action.action_type for action in plan.stage_in} - {_MESSAGE}
        unknown |= plan.stage_out_action_types - _CLIENT_SIDE
        if unknown:
            raise StagingError(
                f"this server does not do the file action(s) {', '.join(sorted(unknown))}: set "
                "default_file_action and file_actions of the Galaxy destination to transfer, copy or none"
            )

    def stage_in(self, job: Job, actions: Sequence[StageInAction]) -> None:
        """Write the texts into the job directory."""
        for action in actions:
            contents = (action.contents or "").encode("utf-8", "surrogateescape")
            try:
                self.files.write(job.directory, action.file, contents)
            except (OSError, UnsafePath) as exc:
                raise StagingError(f"{action.file.path} could not be written: {exc}") from exc
