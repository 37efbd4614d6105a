"""The Flask application: routes, the token check, and nothing that starts or opens anything."""

from __future__ import annotations

from flask import Flask, Response, request

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.web import answers, cache, files, health, jobs
from pulsar_runtime.web.context import WebContext, context, manager_name, parameters

#: Open to everyone: it says ready or not, and nothing else.
_OPEN = frozenset({"health.readyz", "named_health.readyz"})

#: The only routes that a client may ask for the head of.
_WITH_HEAD = frozenset({"files.download", "named_files.download"})


def create_app(web: WebContext) -> Flask:
    """Wire the routes to the use cases."""
    app = Flask(__name__, static_folder=None)
    app.extensions["pulsar"] = web
    # A client must never be redirected (protocol section 11, trap 3).
    app.url_map.merge_slashes = False
    # An unlisted method is an unknown route (protocol section 1.1).
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    for routes in (jobs.routes, files.routes, cache.routes, health.routes):
        app.register_blueprint(routes)
        app.register_blueprint(routes, url_prefix="/managers/<manager_name>", name=f"named_{routes.name}")
    app.before_request(_admit)
    app.after_request(_protect)
    answers.register_errors(app)
    return app


def _admit() -> Response | None:
    """Let a request pass: first the route, then the token, then its parameters (protocol section 1.2)."""
    if request.routing_exception is not None:
        # Unknown with or without a token; Flask answers it.
        return None
    if request.method == "HEAD" and request.endpoint not in _WITH_HEAD:
        return answers.no_route()
    if request.environ["PATH_INFO"].startswith("//"):
        # werkzeug takes the first slashes for one.
        return answers.no_route()
    if request.endpoint in _OPEN:
        return None
    try:
        request.environ["PATH_INFO"].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as exc:
        raise MalformedRequest("the path is not valid UTF-8 after percent-decoding") from exc
    # The scheme has no case, and another scheme is meant for a proxy (RFC 9110 section 11).
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = parameters().get("private_token", "")
    context().tokens.require(token, manager_name())
    return None


def _protect(response: Response) -> Response:
    """Keep browsers from taking a job's output for a page of ours."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
