"""One Pulsar server, as seen by a client of its HTTP API.

Private to the collection. It runs on hosts that have Python 3.8 or later, Ansible's ``module_utils`` and
nothing of ours.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, ClassVar, Protocol, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import Request, make_context

#: The options of the documentation fragment ``endpoint.connection``, and those of ``endpoint`` as well.
CONNECTION_ARGUMENTS: dict[str, dict[str, object]] = {
    "timeout": {"type": "int", "default": 60},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}
ARGUMENTS: dict[str, dict[str, object]] = {
    "token": {"type": "str", "no_log": True},
    "token_file": {"type": "path", "no_log": False},
    **CONNECTION_ARGUMENTS,
}

#: For what has to be asked at the very end of the time, such as the state of a job that was waited for.
_SHORTEST_TIMEOUT_SECONDS = 1.0
_LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
_SHOWN_CHARACTERS = 300
_TOKEN = re.compile(r"[!-~]+")


class Piecewise(Protocol):
    """What is used of an answer."""

    def read1(self, size: int, /) -> bytes:
        """Return what is there of it, waiting for something if nothing is; nothing at its end."""

    def close(self) -> None:
        """Give up the connection."""


class EndpointError(Exception):
    """A request was not answered as it should have been; says which, what was answered and what to do.

    *status* is that of the answer; None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Endpoint:
    """Asks one server; no request goes on beyond a deadline that all of them share.

    The token travels in a header, and is in no message. Redirects are not followed: they would carry it on.
    """

    #: What to do about an answer, by its status.
    cures: ClassVar[Mapping[int, str]] = {
        401: "token or token_file has to hold what the endpoint's private_token holds",
        404: "is this URL, with its path, the server's, and the manager one of its own?",
        503: "the server takes nothing now: it is being drained, is busy, or lacks disk space or its agent",
    }
    #: Where an answer says what is wrong.
    error_key: ClassVar[str] = "error"
    #: Whose answers they are.
    speaker: ClassVar[str] = "Pulsar"

    def __init__(
        self,
        url: str,
        *,
        token: str | None,
        timeout: float,
        validate_certs: bool,
        ca_path: str | None,
    ) -> None:
        self.url = _base(url)
        self._deadline = time.monotonic() + timeout
        try:
            context = make_context(cafile=ca_path, validate_certs=validate_certs)
        except OSError as exc:
            raise EndpointError(f"ca_path {ca_path} holds no certificates that can be used: {exc}") from exc
        self._request = Request(
            headers=self._headers(token),
            http_agent="galaxyops.pulsar",
            follow_redirects="none",
            use_netrc=False,
            context=context,
        )

    @property
    def seconds_left(self) -> float:
        """How long requests may still take."""
        return self._deadline - time.monotonic()

    def extend(self, seconds: float) -> None:
        """Give the next requests *seconds* from now."""
        self._deadline = time.monotonic() + seconds

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, query: Mapping[str, str] | None = None
    ) -> bytes:
        """Send a request and return the body of its answer; raises `EndpointError` unless that is a 200."""
        what = f"{method} {self.url}{path}"
        url = f"{self.url}{path}?{urlencode(query)}" if query else f"{self.url}{path}"
        timeout = max(_SHORTEST_TIMEOUT_SECONDS, self.seconds_left)
        deadline = time.monotonic() + timeout
        try:
            return _read(self._request.open(method, url, data=body, timeout=timeout), deadline)
        except HTTPError as exc:
            raise self._refused(what, exc, deadline) from exc
        except (OSError, HTTPException, ValueError) as exc:
            raise EndpointError(f"{what} failed: {_reason(exc)}") from exc

    def ask_json(
        self, method: str, path: str, *, body: bytes | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request whose answer is a JSON object."""
        answer = self.ask(method, path, body=body, query=query)
        try:
            found = json.loads(answer)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise EndpointError(
                f"{method} {self.url}{path} was answered with what is not {self.speaker}'s: "
                f"{self._shown(answer)}"
            )
        return found

    def _headers(self, token: str | None) -> dict[str, str]:
        """Return the headers of all requests."""
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _refused(self, what: str, exc: HTTPError, deadline: float) -> EndpointError:
        try:
            said = self._shown(_read(cast("Piecewise", exc.fp), deadline))
        except (OSError, HTTPException, ValueError):
            said = ""
        message = f"{what} was answered {exc.code} ({said or exc.reason})"
        if exc.code in self.cures:
            message += f": {self.cures[exc.code]}"
        if exc.headers.get("Retry-After"):
            message += f"; it asks to be tried again in {exc.headers['Retry-After']} s"
        return EndpointError(message, exc.code)

    def _shown(self, answer: bytes) -> str:
        """Return what a person should see of an answer: the error that the server names, or the beginning."""
        text = answer.decode("utf-8", "replace").strip()
        with contextlib.suppress(ValueError, KeyError, TypeError):
            text = str(json.loads(text)[self.error_key])
        return text[:_SHOWN_CHARACTERS]


def endpoint_of(module: AnsibleModule, url: str, token: str | None) -> Endpoint:
    """Return the endpoint at *url* with the module's options."""
    parameters = module.params
    return Endpoint(
        url,
        token=token,
        timeout=parameters["timeout"],
        validate_certs=parameters["validate_certs"],
        ca_path=parameters["ca_path"],
    )


def token_of(module: AnsibleModule) -> str | None:
    """Return the token that the module was given, if any; it is kept out of all results."""
    path = module.params["token_file"]
    token: str | None = read_token(path) if path else module.params["token"]
    if token:
        module.no_log_values.add(token)
        check_token(token)
    return token


def check_token(token: str) -> None:
    """Raise `EndpointError` unless a header can carry a token: Python would show it in its own message."""
    if not _TOKEN.fullmatch(token):
        raise EndpointError("the token has to be one plain word: no header can carry what it holds")


def read_token(path: str) -> str:
    """Read a token from its file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise EndpointError(f"token_file {path} cannot be read: {exc}") from exc


def _base(url: str) -> str:
    url = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise EndpointError("url is not that of a server: it looks like https://pulsar.example.org:8913/")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise EndpointError("url holds more than an address: a token belongs into token or token_file")
    return url.rstrip("/")


def _read(response: Piecewise, deadline: float) -> bytes:
    """Read an answer piece by piece: a server that sends little at a time does not keep us for longer."""
    content = b""
    with contextlib.closing(response):
        while piece := response.read1(65536):
            content += piece
            if time.monotonic() > deadline:
                raise TimeoutError
            if len(content) > _LARGEST_ANSWER_BYTES:
                raise ValueError(f"the answer is larger than {_LARGEST_ANSWER_BYTES} bytes")
    return content


def _reason(exc: Exception) -> str:
    """Say what went wrong below HTTP, and what to look at."""
    cause = exc.reason if isinstance(exc, URLError) else exc
    # One class only since Python 3.10.
    if isinstance(cause, (socket.timeout, TimeoutError)):
        return "there was no answer in time: is the server overloaded, or does something drop the packets?"
    cures = (
        (ssl.SSLCertVerificationError, "name its authority with ca_path, or renew the certificate"),
        (ssl.SSLError, "does the server speak TLS at this port?"),
        (ConnectionRefusedError, "does the server run, and does it listen at this address?"),
        (socket.gaierror, "is the name of the host right?"),
    )
    for kind, cure in cures:
        if isinstance(cause, kind):
            return f"{cause}: {cure}"
    return str(cause)
