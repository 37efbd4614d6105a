"""Status polls, answered before Flask: nine of ten requests are polls, and each one is the same.

Why there is a second way to the same answer: decision record 0005. It only knows the plain success;
whatever else there is to say about a poll, Flask and the views say it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs
from flask import Flask

from pulsar_runtime.domain.errors import PulsarRuntimeError
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName, parse_job_id
from pulsar_runtime.protocol.parameters import parse_query
from pulsar_runtime.web.context import WebContext
from pulsar_runtime.web.jobs import describe

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: Ids and names that need no decoding; others are for Flask.
_PATH = re.compile(r"(?:/managers/(?P<manager>[A-Za-z0-9_.-]+))?/jobs/(?P<job_id>[A-Za-z0-9_.-]+)/status")


@attrs.frozen
class StatusPolls:
    """A WSGI application around *app* that answers polls about known jobs itself."""

    app: Flask
    web: WebContext

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a poll, or leave the request to Flask."""
        answer = self._answer(environ) if environ["REQUEST_METHOD"] == "GET" else None
        if answer is None:
            return self.app(environ, start_response)
        start_response(
            "200 OK",
            [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(answer))),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
        return [answer]

    def _answer(self, environ: WSGIEnvironment) -> bytes | None:
        match = _PATH.fullmatch(environ["PATH_INFO"])
        if match is None or "HTTP_AUTHORIZATION" in environ:
            return None
        manager = ManagerName(match["manager"] or DEFAULT_MANAGER)
        try:
            job_id = parse_job_id(match["job_id"])
            self.web.tokens.require(parse_query(environ["QUERY_STRING"]).get("private_token"), manager)
            job = self.web.service.find(manager, job_id)
        except PulsarRuntimeError:
            # Flask will meet the same error, and answer it.
            return None
        return None if job is None else json.dumps(describe(self.web.service, job)).encode("ascii")
