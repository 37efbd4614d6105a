"""Health routes (protocol section 1.7)."""

from __future__ import annotations

from pulsar_runtime.protocol.version import PULSAR_VERSION
from pulsar_runtime.web.answer import Answer, as_json
from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext


def healthz(_web: WebContext, _call: Call) -> Answer:
    """Tell the version."""
    return as_json({"version": PULSAR_VERSION})


def readyz(web: WebContext, _call: Call) -> Answer:
    """Tell whether a job would be run now, to anyone."""
    ready = web.ready()
    return as_json({"ready": ready}, 200 if ready else 503)
