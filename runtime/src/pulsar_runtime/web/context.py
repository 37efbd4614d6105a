"""What every view works with."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pulsar_runtime.application.service import JobService
from pulsar_runtime.ports import FileCache
from pulsar_runtime.web.tokens import TokenCheck


@attrs.frozen(kw_only=True)
class WebContext:
    """Everything that the views need."""

    service: JobService
    tokens: TokenCheck
    #: None where no cache directory is configured.
    file_cache: FileCache | None
    #: Tells whether jobs would be run now.
    ready: Callable[[], bool]
    #: Lets other requests have a turn during long work.
    pause: Callable[[], None]
