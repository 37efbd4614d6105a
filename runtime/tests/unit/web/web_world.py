"""The WSGI application on in-memory twins, without a socket."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper, setup_testing_defaults

import attrs
from werkzeug.test import run_wsgi_app

from pulsar_runtime.application.metrics import Metrics
from pulsar_runtime.testing.file_cache import InMemoryFileCache
from pulsar_runtime.testing.outages import InMemoryOutages
from pulsar_runtime.web.app import create_app
from pulsar_runtime.web.context import WebContext
from pulsar_runtime.web.shortcut import Shortcut
from pulsar_runtime.web.tokens import AcceptedToken, TokenCheck
from runtime.tests.unit.application.served import Served
from runtime.tests.unit.application.supervision import MAIN

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


@attrs.frozen
class Reply:
    """An answer as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(self.body)


class WebWorld:
    """A web application, entered by one of its two ways, and the world behind it."""

    def __init__(self, way: str, *, token: str | None = None, cache: bool = True) -> None:
        self.served = Served()
        self.ready = True
        digest = hashlib.sha256((token or "").encode()).hexdigest()
        self.web = WebContext(
            service=self.served.service,
            metrics=Metrics(
                store=self.served.store,
                outbox=self.served.store.outbox,
                outages=InMemoryOutages(self.served.world.clock),
                agent_runs=lambda: True,
                managers=[MAIN],
                schedulers=[],
                clock=self.served.world.clock,
            ),
            tokens=TokenCheck(
                tokens=[AcceptedToken(name="test", sha256=digest)] if token else [],
                clock=self.served.world.clock,
            ),
            file_cache=InMemoryFileCache() if cache else None,
            ready=lambda: self.ready,
            pause=lambda: None,
        )
        flask = create_app(self.web)
        self.application: WSGIApplication = flask if way == "flask" else Shortcut(flask, self.web)

    def call(self, method: str, target: str, body: bytes = b"", **more: object) -> Reply:
        """Make one request; *more* goes into its environ."""
        response, status, headers = run_wsgi_app(
            self.application, environ(method, target, body, **more), buffered=True
        )
        return Reply(int(status.split()[0]), dict(headers), b"".join(response))


def environ(method: str, target: str, body: bytes = b"", **more: object) -> WSGIEnvironment:
    """Make the environ that gunicorn makes of a request."""
    path, _, query = target.partition("?")
    made: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.file_wrapper": FileWrapper,
        **more,
    }
    setup_testing_defaults(made)
    return made
