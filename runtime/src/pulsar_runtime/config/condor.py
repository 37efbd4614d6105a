"""Settings of managers that hand jobs to HTCondor (protocol section 8.2)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pulsar_runtime.config.job_kinds import JOB_NAME
from pulsar_runtime.config.option import option


# Without slots: a class can have but one base that has some, and for managers that is another.
@attrs.frozen(kw_only=True, slots=False)
class CondorOptions:
    """What HTCondor is told."""

    job_name_template: str = attrs.field(
        default="pulsar_$job_id",
        metadata=option(JOB_NAME, "What the queue shows as a job's batch name."),
    )
    #: From the keys ``submit_<name>``; HTCondor judges them.
    submit_settings: Mapping[str, str] = attrs.field(factory=dict)
