"""The requests of a job's ordinary life, on a shorter way to the same views.

Why there is a second way: decision record 0005. It knows ids that need no decoding; everything else is
left to Flask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs
from flask import Flask

from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext
from pulsar_runtime.web.errors import answer_for
from pulsar_runtime.web.routes import ROUTES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATH = re.compile(
    r"(?:/managers/(?P<manager>[A-Za-z0-9_.-]+))?/jobs(?:/(?P<job_id>[A-Za-z0-9_.-]+)(?P<rest>/[a-z]+)?)?"
)

_VIEWS = {(method, route.path): route.view for route in ROUTES if not route.open for method in route.methods}


@attrs.frozen
class Shortcut:
    """A WSGI application around *app* that answers ordinary requests about jobs itself."""

    app: Flask
    web: WebContext

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer an ordinary request, or leave it to Flask."""
        match = _PATH.fullmatch(environ["PATH_INFO"])
        if match is None:
            return self.app(environ, start_response)
        path = f"/jobs/<job_id>{match['rest'] or ''}" if match["job_id"] else "/jobs"
        view = _VIEWS.get((environ["REQUEST_METHOD"], path))
        if view is None:
            return self.app(environ, start_response)
        call = Call(environ, manager=match["manager"], job_id=match["job_id"])
        try:
            self.web.tokens.require(call.token, call.manager)
            answer = view(self.web, call)
        except Exception as error:  # noqa: BLE001 - the top of a request, as Flask's own handler is
            answer = answer_for(error)
        return answer(environ, start_response)
