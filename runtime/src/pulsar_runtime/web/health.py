"""Health routes (protocol section 1.7)."""

from __future__ import annotations

from flask import Blueprint, Response

from pulsar_runtime.protocol.version import PULSAR_VERSION
from pulsar_runtime.web.answers import as_json
from pulsar_runtime.web.context import context

routes = Blueprint("health", __name__)


@routes.get("/healthz")
def healthz(**_: str) -> Response:
    """Tell the version."""
    return as_json({"version": PULSAR_VERSION})


@routes.get("/readyz")
def readyz(**_: str) -> Response:
    """Tell whether a job would be run now, to anyone."""
    ready = context().ready()
    return as_json({"ready": ready}, 200 if ready else 503)
