"""Settings of managers whose jobs run as the users who asked for them (protocol section 8.2)."""

from __future__ import annotations

from pathlib import Path

import attrs

from pulsar_runtime.config.kind import BOOLEAN, PATH, SECONDS, optional
from pulsar_runtime.config.option import option


# Without slots: a class can have but one base that has some, and for managers that is another.
@attrs.frozen(kw_only=True, slots=False)
class RealUserOptions:
    """How jobs are run as the users who asked for them."""

    real_users: bool = attrs.field(
        default=False,
        metadata=option(
            BOOLEAN,
            "Each job runs as the user that Galaxy names in `submit_user`; `queued_external_drmaa` has it "
            "always.",
        ),
    )
    launcher: Path = attrs.field(
        default=Path("/usr/local/libexec/pulsar-runtime-launcher"),
        metadata=option(
            PATH,
            "With `real_users`, the one program that sudo lets the agent run as root. It hands job "
            "directories over and submits as the user.",
        ),
    )
    user_mapping_script: Path | None = attrs.field(
        default=None,
        metadata=option(
            optional(PATH),
            "With `real_users`, a program that is given `--` and the user from Galaxy, and prints the user "
            "here. Without it, both have the same name.",
        ),
    )
    user_mapping_timeout: float = attrs.field(
        default=30.0,
        metadata=option(SECONDS, "How long it may take; then the job fails."),
    )
