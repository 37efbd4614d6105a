"""Settings of managers that hand jobs to Slurm by its REST API."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import attrs

from pulsar_runtime.config.kind import PATH, TEXT, BadValueError, absolute, from_text, optional
from pulsar_runtime.config.option import option


def _url(text: str) -> str:
    try:
        url = urlsplit(text)
        # Judged when it is looked at.
        usable = url.hostname is not None and url.port != 0 and url.scheme in ("http", "https")
    except ValueError:
        usable = False
    else:
        usable |= url.scheme == "unix" and url.path.startswith("/") and not url.netloc
    if not usable:
        raise BadValueError("must be like http://HOST:6820, https://HOST or unix:/PATH")
    return text


# Without slots: a class can have but one base that has some, and for managers that is another.
@attrs.frozen(kw_only=True, slots=False)
class SlurmrestdOptions:
    """Where slurmrestd is, and as whom it is asked."""

    slurmrestd_url: str | None = attrs.field(
        default=None,
        metadata=option(
            optional(from_text("URL", _url)),
            "Slurm's REST API, in place of its commands: `http://HOST:6820`, `https://HOST` or `unix:/PATH`.",
        ),
    )
    slurmrestd_token_file: Path | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(absolute),
        metadata=option(
            optional(PATH), "Holds the JSON Web Token for it. Read for each request: replace it in time."
        ),
    )
    slurmrestd_user: str | None = attrs.field(
        default=None,
        metadata=option(optional(TEXT), "Whose token it is. Without it, the user that the server runs as."),
    )
