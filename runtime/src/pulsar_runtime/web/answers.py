"""The three kinds of answers: OK, JSON and files, and errors as JSON."""

from __future__ import annotations

import json
import logging
import uuid

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from pulsar_runtime.domain import errors

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
    errors.TooLarge: 413,
    errors.Busy: 503,
    errors.StoreError: 503,
}

_RETRY_AFTER_SECONDS = "5"


def ok() -> Response:
    """Answer the two bytes that mean success."""
    return Response(b"OK", mimetype="text/plain")


def as_json(body: object, status: int = 200) -> Response:
    """Answer one JSON document."""
    return Response(json.dumps(body).encode("ascii"), status=status, mimetype="application/json")


def no_route() -> Response:
    """Answer a request for something that is not here."""
    return as_json({"error": "no such route"}, 404)


def register_errors(app: Flask) -> None:
    """Make every error an answer that says what to do, and never shows a traceback."""
    app.register_error_handler(errors.PulsarRuntimeError, _known)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unknown)


def _known(error: errors.PulsarRuntimeError) -> Response:
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)
    if status is None:
        return _unknown(error)
    if isinstance(error, errors.StoreError):
        logger.error("%s", error, extra={"action": "store_error"})
        # The path of the store is nobody's business outside.
        response = as_json({"error": "the job store cannot be used at the moment"}, status)
    else:
        response = as_json({"error": str(error)}, status)
    if status == 503:  # noqa: PLR2004 - the code itself is the clearest name
        response.headers["Retry-After"] = _RETRY_AFTER_SECONDS
    if status == 401:  # noqa: PLR2004 - the code itself is the clearest name
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _of_http(error: HTTPException) -> Response:
    # A wrong method is an unknown route (protocol section 1.1).
    if isinstance(error, NotFound | MethodNotAllowed):
        return no_route()
    return as_json({"error": error.name}, error.code or 500)


def _unknown(error: Exception) -> Response:
    number = uuid.uuid4().hex[:12]
    logger.error("internal error %s", number, exc_info=error, extra={"action": "internal_error"})
    return as_json({"error": f"internal error {number}: the server's log says more under this number"}, 500)
