"""The WSGI application on in-memory twins, without a socket."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.util import FileWrapper

import attrs
from werkzeug.test import Client, EnvironBuilder

from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName
from pulsar_runtime.testing.file_cache import InMemoryFileCache
from pulsar_runtime.web.app import create_app
from pulsar_runtime.web.context import WebContext
from pulsar_runtime.web.shortcut import Shortcut
from pulsar_runtime.web.tokens import AcceptedToken, TokenCheck
from runtime.tests.unit.application.served import Served
from runtime.tests.unit.application.supervision import MAIN

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

TOKEN = "token of the tests"


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
    """A web application, by one of the two ways through it, and the world behind it."""

    def __init__(self, way: str, *, token: str | None = None, cache: bool = True) -> None:
        self.served = Served()
        # Routes without a manager mean the one of this name.
        self.served.rename(MAIN, DEFAULT_MANAGER)
        self.ready = True
        digest = hashlib.sha256((token or "").encode()).hexdigest()
        self.web = WebContext(
            service=self.served.service,
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

    def call(
        self, method: str, target: str, body: bytes = b"", headers: Iterable[tuple[str, str]] = (), **more: object
    ) -> Reply:
        """Make one request; *more* goes into its environ."""
        path, _, query = target.partition("?")
        builder = EnvironBuilder(method=method, path=path, query_string=query, headers=list(headers))
        environ = builder.get_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.file_wrapper"] = FileWrapper
        environ["REMOTE_ADDR"] = "127.0.0.1"
        environ.update(more)
        response = Client(self.application).open(environ)
        return Reply(response.status_code, dict(response.headers), response.data)


__all__ = ["TOKEN", "ManagerName", "Reply", "WebWorld"]
