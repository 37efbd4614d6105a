"""Which view answers which request (protocol sections 1.4, 1.5 and 1.7)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pulsar_runtime.web import cache, files, health, jobs, metrics
from pulsar_runtime.web.answer import Answer
from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext

View = Callable[[WebContext, Call], Answer]

#: For the one route whose method does not matter (protocol section 1.1).
_ANY_METHOD = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@attrs.frozen
class Route:
    """A path in Flask's spelling, and who answers it."""

    methods: tuple[str, ...]
    path: str
    view: View
    #: Whether it needs no token.
    open: bool = False


ROUTES = (
    Route(("POST",), "/jobs", jobs.setup),
    Route(("POST",), "/jobs/<job_id>/submit", jobs.submit),
    Route(_ANY_METHOD, "/jobs/<job_id>/status", jobs.status),
    Route(("PUT",), "/jobs/<job_id>/cancel", jobs.cancel),
    Route(("DELETE",), "/jobs/<job_id>", jobs.clean),
    Route(("POST",), "/jobs/<job_id>/files", files.upload),
    Route(("GET", "HEAD"), "/jobs/<job_id>/files", files.download),
    Route(("GET",), "/jobs/<job_id>/files/path", files.path),
    Route(("PUT",), "/cache", cache.claim),
    Route(("POST",), "/cache", cache.insert),
    Route(("GET",), "/cache/status", cache.status),
    Route(("GET",), "/healthz", health.healthz),
    Route(("GET",), "/readyz", health.readyz, open=True),
    Route(("GET",), "/metrics", metrics.metrics),
)
