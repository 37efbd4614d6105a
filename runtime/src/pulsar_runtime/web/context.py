"""What every view works with."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pulsar_runtime.application.metrics import Metrics
from pulsar_runtime.application.service import JobService
from pulsar_runtime.domain.errors import NotConfigured
from pulsar_runtime.ports import FileCache
from pulsar_runtime.web.tokens import TokenCheck


@attrs.frozen(kw_only=True)
class WebContext:
    """Everything that the views need."""

    service: JobService
    metrics: Metrics
    tokens: TokenCheck
    #: None where no cache directory is configured.
    file_cache: FileCache | None
    #: Tells whether jobs would be run now.
    ready: Callable[[], bool]
    #: Lets other requests have a turn during long work.
    pause: Callable[[], None]

    def required_file_cache(self) -> FileCache:
        """Return the file cache, or raise `NotConfigured`."""
        if self.file_cache is None:
            raise NotConfigured("there is no file cache here: set file_cache_dir")
        return self.file_cache
