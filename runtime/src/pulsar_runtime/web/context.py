"""What every view works with: the use cases, and the request at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import attrs
from flask import current_app, g, request

from pulsar_runtime.application.service import JobService
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, JobId, ManagerName, parse_job_id
from pulsar_runtime.ports import FileCache
from pulsar_runtime.protocol.parameters import parse_query
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


def context() -> WebContext:
    """Return the context of the present application."""
    return cast("WebContext", current_app.extensions["pulsar"])


def parameters() -> Mapping[str, str]:
    """Return the decoded query string of the present request."""
    if "parameters" not in g:
        g.parameters = parse_query(request.environ.get("QUERY_STRING", ""))
    return cast("Mapping[str, str]", g.parameters)


def manager_name() -> ManagerName:
    """Return the manager that the path names, or the default one."""
    return ManagerName((request.view_args or {}).get("manager_name", DEFAULT_MANAGER))


def job_id() -> JobId:
    """Return the job that the path names."""
    return parse_job_id((request.view_args or {})["job_id"])
