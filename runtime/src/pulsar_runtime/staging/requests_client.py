"""HTTP by way of the library `requests`."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import requests
from requests.structures import CaseInsensitiveDict

from pulsar_runtime.domain.errors import TransferInterrupted, TransferRefused
from pulsar_runtime.staging.http_client import (
    CONNECT_SECONDS,
    EXCERPT_BYTES,
    REDIRECTS,
    Answer,
    Body,
    Taker,
    patience_seconds,
)
from pulsar_runtime.staging.pieces import PIECE_BYTES


class RequestsClient:
    """Implements `HttpClient`; each thread keeps a connection to each server."""

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = str(ca_file) if ca_file is not None else None
        self._local = threading.local()
        #: What the environment says of a server: proxies, and authorities to trust.
        self._surroundings: dict[str, Mapping[str, Any]] = {}

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Body | bytes | None = None,
        follow: bool = False,
        into: Callable[[Answer], Taker | None] | None = None,
    ) -> Answer:
        """Return the answer, whatever its status."""
        with _translating(url):
            session = self._session()
            request = requests.PreparedRequest()
            request.prepare_method(method)
            request.prepare_url(url, {})
            # What is compressed has no length to check, and no place to go on from.
            request.headers = CaseInsensitiveDict({"Accept-Encoding": "identity", **headers})
            if body is not None:
                request.headers["Content-Length"] = str(len(body))
            request.body = body  # type: ignore[assignment]  # the stubs leave out what can be iterated
            settings = {
                **self._settings(session, url),
                "timeout": (CONNECT_SECONDS, patience_seconds(method)),
            }
            # Not by way of the session, which takes as long again to merge what is the same each time.
            response = session.get_adapter(url).send(request, **settings)
            if follow and response.is_redirect:
                response.close()
                response = session.request(method, url, headers=request.headers, **settings)
            with response:
                return _read(response, into)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.max_redirects = REDIRECTS
        return session

    def _settings(self, session: requests.Session, url: str) -> Mapping[str, Any]:
        server = url[: url.find("/", len("https://"))]
        if server not in self._surroundings:
            self._surroundings[server] = session.merge_environment_settings(
                url, proxies={}, stream=True, verify=self._ca_file, cert=None
            )
        return self._surroundings[server]


def _read(response: requests.Response, into: Callable[[Answer], Taker | None] | None) -> Answer:
    answer = Answer(
        status_code=response.status_code,
        reason=response.reason or "",
        headers={name.lower(): value for name, value in response.headers.items()},
    )
    take = into(answer) if into is not None else None
    if take is None:
        # Of a short body that is all, and its connection is used again.
        return attrs.evolve(answer, excerpt=next(response.iter_content(EXCERPT_BYTES), b""))
    for piece in response.iter_content(PIECE_BYTES):
        take(piece)
    return answer


@contextmanager
def _translating(url: str) -> Iterator[None]:
    """Turn what the libraries raise into our errors."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as exc:
        raise TransferRefused(f"{host}: the URL cannot be used") from exc
    except requests.exceptions.TooManyRedirects as exc:
        raise TransferRefused(f"{host}: more than {REDIRECTS} redirects") from exc
    except requests.RequestException as exc:
        cause = _innermost(exc)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise TransferRefused(
                f"{host}: its certificate is not trusted: {cause.verify_message}; "
                "is its authority in staging.ca_file?"
            ) from exc
        said = cause.strerror if isinstance(cause, OSError) and cause.strerror else type(cause).__name__
        raise TransferInterrupted(f"{host}: {said}") from exc


def _innermost(error: BaseException) -> BaseException:
    """Return what happened, without what surrounds it, which may show the URL."""
    while True:
        around = (getattr(error, "reason", None), error.__cause__, error.__context__, *error.args[:1])
        inner = next((each for each in around if isinstance(each, BaseException)), None)
        if inner is None:
            return error
        error = inner
