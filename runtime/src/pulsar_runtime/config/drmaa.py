"""Settings of managers that hand jobs to a batch system's DRMAA library (protocol section 8.2)."""

from __future__ import annotations

from pathlib import Path

import attrs

from pulsar_runtime.config.job_kinds import JOB_NAME
from pulsar_runtime.config.kind import PATH, TEXT, absolute, optional
from pulsar_runtime.config.option import option


# Without slots: a class can have but one base that has some, and for managers that is another.
@attrs.frozen(kw_only=True, slots=False)
class DrmaaOptions:
    """What a DRMAA library is told, and where it is."""

    native_specification: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(TEXT),
            "Options of every submission, in the batch system's own words. They replace a job's own "
            "`submit_native_specification`.",
        ),
    )
    job_name_template: str = attrs.field(
        default="pulsar_$job_id",
        metadata=option(JOB_NAME, "What the batch system shows as a job's name."),
    )
    drmaa_library_path: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH),
            "The batch system's DRMAA library. Without it, the environment variable `DRMAA_LIBRARY_PATH`, "
            "then where the system looks for libraries.",
        ),
    )
