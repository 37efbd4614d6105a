"""gunicorn, configured for this application."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import gevent
from gunicorn.app.base import BaseApplication

from pulsar_runtime.systemd.notification import Notifier
from pulsar_runtime.web.arbiter import PulsarArbiter
from pulsar_runtime.web.request_head import GatheredRequest, HeadLimits
from pulsar_runtime.web.worker import PulsarWorker, keep_signals_for_children

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: A worker that does not come to its loop for so long is replaced; a slow disk is not yet a reason.
_WORKER_TIMEOUT_SECONDS = 120

#: How long a stopping worker finishes requests.
_GRACEFUL_SECONDS = 30


@attrs.frozen(kw_only=True)
class ServerSettings:
    """How the HTTP server listens and how patient it is."""

    #: What gunicorn is to bind, ``HOST:PORT``, or to take over, ``fd://NUMBER``.
    bind: Sequence[str]
    workers: int
    connections_per_worker: int
    request_line_limit_bytes: int
    head_timeout_seconds: float
    body_timeout_seconds: float
    keepalive_seconds: float


class PulsarServer(BaseApplication):  # type: ignore[misc] # gunicorn is not typed
    """The HTTP server; *build* is called once, before the workers are forked."""

    def __init__(
        self, settings: ServerSettings, build: Callable[[], WSGIApplication], notifier: Notifier
    ) -> None:
        self._settings = settings
        self._build = build
        self._notifier = notifier
        super().__init__()

    def run(self) -> None:
        """Serve until a signal says stop."""
        keep_signals_for_children()
        PulsarArbiter(self, self._notifier).run()

    def load_config(self) -> None:
        """Tell gunicorn everything; it reads no file and no environment."""
        settings = self._settings
        GatheredRequest.limits = HeadLimits(
            line_bytes=settings.request_line_limit_bytes, seconds=settings.head_timeout_seconds
        )
        PulsarWorker.body_timeout_seconds = settings.body_timeout_seconds
        PulsarWorker.keepalive_seconds = settings.keepalive_seconds
        choices: dict[str, Any] = {
            "bind": list(settings.bind),
            "workers": settings.workers,
            "worker_class": PulsarWorker,
            "worker_connections": settings.connections_per_worker,
            "keepalive": int(settings.keepalive_seconds),
            "timeout": _WORKER_TIMEOUT_SECONDS,
            "graceful_timeout": _GRACEFUL_SECONDS,
            # Our own reading of the head has its limit before gunicorn looks (request_head).
            "limit_request_line": 0,
            "limit_request_field_size": 0,
            # Forked workers share the imported application.
            "preload_app": True,
            "control_socket_disable": True,
            "proc_name": "pulsar-web",
            # Requests carry tokens in their query strings: they are logged by nobody.
            "accesslog": None,
            "loglevel": "warning",
        }
        for name, value in choices.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Build the application; the workers, forked next, share its memory."""
        app = self._build()
        gc.collect()
        gc.freeze()
        return app


def pause() -> None:
    """Let other greenlets have a turn."""
    gevent.sleep(0)
