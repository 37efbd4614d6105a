"""Cache routes (protocol section 1.5)."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, request

from pulsar_runtime.domain.errors import NotConfigured
from pulsar_runtime.ports import FileCache
from pulsar_runtime.protocol.parameters import required
from pulsar_runtime.web.answers import as_json
from pulsar_runtime.web.body import receive
from pulsar_runtime.web.context import context, parameters

routes = Blueprint("cache", __name__)


@routes.put("/cache")
def required_by_caller(**_: str) -> Response:
    """Tell the first who asks for a file that it is the one to upload it."""
    return as_json(_file_cache().claim(_token()))


@routes.post("/cache")
def insert(**_: str) -> Response:
    """Take a file into the cache."""
    with _file_cache().receiving(_token()) as descriptor:
        receive(request.environ, descriptor, context().pause)
    return as_json(None)


@routes.get("/cache/status")
def status(**_: str) -> Response:
    """Tell the token of a file, and whether it can be used."""
    token = _token()
    return as_json({"token": token, "ready": _file_cache().ready(token)})


def _file_cache() -> FileCache:
    file_cache = context().file_cache
    if file_cache is None:
        raise NotConfigured("there is no file cache here: set file_cache_dir")
    return file_cache


def _token() -> str:
    """Name a file by who calls it what, so that clients cannot use each other's."""
    forwarded = request.headers.get("X-Forwarded-For")
    address = forwarded.rpartition(",")[2].strip() if forwarded else request.remote_addr
    return hashlib.sha256(f"IP:{address}:{required(parameters(), 'path')}".encode()).hexdigest()
