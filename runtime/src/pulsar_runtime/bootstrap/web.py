"""Wiring of the web process."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import os
import time
from collections.abc import Sequence

import attrs

from pulsar_runtime.bootstrap import adapters
from pulsar_runtime.bootstrap.metrics import metrics
from pulsar_runtime.bootstrap.service import job_service
from pulsar_runtime.config.schema import Config
from pulsar_runtime.domain.errors import StoreError
from pulsar_runtime.store.doorbell import SocketDoorbell
from pulsar_runtime.store.file_cache import DirectoryFileCache
from pulsar_runtime.store.openat2 import require_openat2
from pulsar_runtime.systemd.activation import listening_host
from pulsar_runtime.systemd.notification import SILENT, Notifier
from pulsar_runtime.web.app import create_app
from pulsar_runtime.web.context import WebContext
from pulsar_runtime.web.server import PulsarServer, ServerSettings, pause
from pulsar_runtime.web.shortcut import Shortcut
from pulsar_runtime.web.tokens import AcceptedToken, TokenCheck

logger = logging.getLogger(__name__)


def run_web(config: Config, notifier: Notifier = SILENT, descriptors: Sequence[int] = ()) -> None:
    """Be the web server until a signal says stop; raises `UnfitHost`.

    With *descriptors* it listens at these, and does not bind its address.
    """
    require_openat2()
    web = config.web
    hosts = [listening_host(descriptor) for descriptor in descriptors] or [web.bind.host]
    if not (config.private_token or config.tokens or all(map(_is_loopback, hosts))):
        logger.warning(
            "whoever reaches %s can run commands on this machine: set private_token or tokens",
            ", ".join(hosts) if descriptors else web.bind,
            extra={"action": "open_server"},
        )
    os.umask(adapters.umask(config))
    settings = ServerSettings(
        bind=[f"fd://{descriptor}" for descriptor in descriptors] or [str(web.bind)],
        workers=web.workers,
        connections_per_worker=web.connections_per_worker,
        request_line_limit_bytes=web.request_line_limit_bytes,
        head_timeout_seconds=web.head_timeout_seconds,
        body_timeout_seconds=web.body_timeout_seconds,
        keepalive_seconds=web.keepalive_seconds,
    )
    PulsarServer(settings, lambda: build_app(config), notifier).run()


def build_app(config: Config) -> Shortcut:
    """Build the WSGI application; opens nothing."""
    store = adapters.job_store(config)
    files = {
        name: attrs.evolve(adapters.job_directories(config, manager), pause=pause)
        for name, manager in config.managers.items()
    }
    doorbell = SocketDoorbell(config.persistence_directory)

    def ready() -> bool:
        try:
            store.open()
        except StoreError:
            return False
        return doorbell.answered()

    web = WebContext(
        service=job_service(config, store, files),
        metrics=metrics(config, store),
        tokens=TokenCheck(tokens=_tokens(config), clock=time.time),
        file_cache=DirectoryFileCache(config.file_cache_dir) if config.file_cache_dir else None,
        ready=ready,
        pause=pause,
    )
    return Shortcut(create_app(web), web)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tokens(config: Config) -> tuple[AcceptedToken, ...]:
    tokens = [
        AcceptedToken(
            name=token.name,
            sha256=token.sha256,
            managers=frozenset(token.managers) if token.managers is not None else None,
            expires_at=token.expires.timestamp() if token.expires else None,
        )
        for token in config.tokens
    ]
    if config.private_token:
        digest = hashlib.sha256(config.private_token.reveal().encode()).hexdigest()
        tokens.append(AcceptedToken(name="private_token", sha256=digest))
    return tuple(tokens)
