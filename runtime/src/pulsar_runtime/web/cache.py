"""Cache routes (protocol section 1.5)."""

from __future__ import annotations

import hashlib

from pulsar_runtime.protocol.parameters import required
from pulsar_runtime.web.answer import Answer, as_json
from pulsar_runtime.web.body import receive
from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext


def claim(web: WebContext, call: Call) -> Answer:
    """Tell the first who asks for a file that it is the one to upload it."""
    return as_json(web.required_file_cache().claim(_token(call)))


def insert(web: WebContext, call: Call) -> Answer:
    """Take a file into the cache."""
    with web.required_file_cache().receiving(_token(call)) as descriptor:
        receive(call.environ, descriptor, web.pause)
    return as_json(None)


def status(web: WebContext, call: Call) -> Answer:
    """Tell the token of a file, and whether it can be used."""
    token = _token(call)
    return as_json({"token": token, "ready": web.required_file_cache().ready(token)})


def _token(call: Call) -> str:
    """Name a file by who calls it what, so that clients cannot use each other's."""
    forwarded = call.environ.get("HTTP_X_FORWARDED_FOR")
    address = forwarded.rpartition(",")[2].strip() if forwarded else call.environ.get("REMOTE_ADDR")
    return hashlib.sha256(f"IP:{address}:{required(call.parameters, 'path')}".encode()).hexdigest()
