"""Wiring of the staging that the agent does."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping
from pathlib import Path

from pulsar_runtime.bootstrap import adapters
from pulsar_runtime.config.schema import Config, ManagerConfig
from pulsar_runtime.config.staging import Staging
from pulsar_runtime.domain.errors import UnfitHost
from pulsar_runtime.ports import JobStore, Reactor
from pulsar_runtime.staging.http_client import HttpClient
from pulsar_runtime.staging.http_files import HttpFiles
from pulsar_runtime.staging.late_client import LateClient
from pulsar_runtime.staging.mover import Carriers, Mover
from pulsar_runtime.staging.object_store import DiskObjectStore
from pulsar_runtime.staging.pool import TransferPool
from pulsar_runtime.staging.retries import RetryPolicy
from pulsar_runtime.staging.shared_files import SharedFiles
from pulsar_runtime.staging.ssh_files import SshFiles, StrictHostKeyChecking
from pulsar_runtime.staging.stager import Direction, PooledStager
from pulsar_runtime.staging.throttle import Throttle, unlimited
from pulsar_runtime.staging.tus_files import TusFiles

_HOST_KEYS: dict[str, StrictHostKeyChecking] = {
    "strict": "yes",
    "accept-new": "accept-new",
    "unchecked": "no",
}


class StagingWorks:
    """The stagers of all managers, which share one pool of threads and one set of carriers."""

    def __init__(self, config: Config, store: JobStore, reactor: Reactor, environ: Mapping[str, str]) -> None:
        self._config = config
        self._store = store
        self._reactor = reactor
        staging = config.staging
        self._pool = TransferPool(workers=staging.workers, owners=staging.concurrent_jobs)
        self._carriers = _carriers(config, environ)
        limit = staging.bandwidth_mb_per_second
        self._spend = Throttle(limit * 1024 * 1024, time.monotonic, time.sleep).spend if limit else unlimited
        self._stagers: list[PooledStager] = []

    def stager(self, manager: ManagerConfig) -> PooledStager:
        """Return the stager of one manager."""
        files = adapters.job_directories(self._config, manager)
        stager = PooledStager(
            files=files,
            mover=Mover(files, self._carriers),
            pool=self._pool,
            store=self._store,
            reactor=self._reactor,
            clock=time.monotonic,
            spend=self._spend,
            policies={
                Direction.IN: self._policy(
                    manager.preprocess_action_max_retries,
                    manager.preprocess_action_interval_start,
                    manager.preprocess_action_interval_step,
                    manager.preprocess_action_interval_max,
                ),
                Direction.OUT: self._policy(
                    manager.postprocess_action_max_retries,
                    manager.postprocess_action_interval_start,
                    manager.postprocess_action_interval_step,
                    manager.postprocess_action_interval_max,
                ),
            },
        )
        self._stagers.append(stager)
        return stager

    def close(self) -> None:
        """Stop moving files, and write down what has been moved; the next agent goes on."""
        for stager in self._stagers:
            stager.close()
        self._pool.close()

    def _policy(self, most: int | None, first: float, step: float, longest: float) -> RetryPolicy:
        return RetryPolicy(
            most=most,
            first_seconds=first,
            step_seconds=step,
            longest_seconds=longest,
            within_seconds=None if most is None else self._config.staging.give_up_minutes * 60.0,
        )


def _carriers(config: Config, environ: Mapping[str, str]) -> Carriers:
    staging = config.staging
    shared = SharedFiles()

    has_curl = importlib.util.find_spec("pycurl") is not None
    if staging.transport == "curl" and not has_curl:
        raise UnfitHost(
            "staging.transport is curl, and pycurl is not installed: install it, or take requests"
        )
    by_curl = has_curl and staging.transport != "requests"
    client = LateClient(lambda: _http_client(authorities(staging, environ), by_curl=by_curl))
    http = HttpFiles(client)
    objects = staging.object_store_file_path
    return Carriers(
        http=http,
        tus=TusFiles(client, http, staging.tus_chunk_mb * 1024 * 1024),
        shared=shared,
        ssh=SshFiles(
            host_keys=_HOST_KEYS[staging.ssh_host_keys], known_hosts=staging.ssh_known_hosts, environ=environ
        ),
        stored=DiskObjectStore(objects, shared) if objects is not None else None,
    )


def authorities(staging: Staging, environ: Mapping[str, str]) -> Path | None:
    """Return the certificates that are trusted, None for the well-known ones.

    The environment may name them for every program that uses requests
    (https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification), and so for libcurl.
    """
    named = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    return staging.ca_file or (Path(named) if named else None)


def _http_client(ca_file: Path | None, *, by_curl: bool) -> HttpClient:
    if by_curl:
        from pulsar_runtime.staging.curl_client import CurlClient  # noqa: PLC0415 - not everybody has it

        return CurlClient(ca_file)
    from pulsar_runtime.staging.requests_client import RequestsClient  # noqa: PLC0415 - see `LateClient`

    return RequestsClient(ca_file)
