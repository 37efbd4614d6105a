"""Errors as answers: each says what to do, and none shows a traceback."""

from __future__ import annotations

import logging
import uuid

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from pulsar_runtime.domain import errors
from pulsar_runtime.web.answer import Answer, as_json

logger = logging.getLogger(__name__)

#: The one place where our errors become HTTP (DESIGN section 5); the most specific class counts.
_STATUS: dict[type[errors.PulsarRuntimeError], int] = {
    errors.MalformedRequest: 400,
    errors.UnsafePath: 400,
    errors.NotAuthorized: 401,
    errors.UnknownManager: 404,
    errors.UnknownJob: 404,
    errors.FileNotThere: 404,
    errors.NotConfigured: 404,
    errors.Conflict: 409,
    errors.RemovalFailed: 409,
    errors.Busy: 503,
    errors.StoreError: 503,
}

_HEADERS = {
    401: (("WWW-Authenticate", "Bearer"),),
    503: (("Retry-After", "5"),),
}


def answer_for(error: Exception) -> Answer:
    """Return the answer to a request that failed with *error*."""
    if isinstance(error, errors.PulsarRuntimeError):
        return _known(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    return _unknown(error)


def no_route() -> Answer:
    """Answer a request for something that is not here."""
    return as_json({"error": "no such route"}, 404)


def _known(error: errors.PulsarRuntimeError) -> Answer:
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)
    if status is None:
        return _unknown(error)
    text = str(error)
    if isinstance(error, errors.StoreError):
        logger.error("%s", error, extra={"action": "store_error"})
        # The path of the store is nobody's business outside.
        text = "the job store cannot be used at the moment"
    return as_json({"error": text}, status, *_HEADERS.get(status, ()))


def _of_http(error: HTTPException) -> Answer:
    # A wrong method is an unknown route (protocol section 1.1).
    if isinstance(error, NotFound | MethodNotAllowed):
        return no_route()
    return as_json({"error": error.name}, error.code or 500)


def _unknown(error: Exception) -> Answer:
    number = uuid.uuid4().hex[:12]
    logger.error("internal error %s", number, exc_info=error, extra={"action": "internal_error"})
    return as_json({"error": f"internal error {number}: the server's log says more under this number"}, 500)
