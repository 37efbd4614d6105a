"""The Flask application: it finds the view, and nothing starts or opens anything while it is built."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from pulsar_runtime.web.answer import Answer
from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext
from pulsar_runtime.web.errors import answer_for
from pulsar_runtime.web.routes import ROUTES, Route


def create_app(web: WebContext) -> Flask:
    """Wire the routes to the views, for the default manager and for named ones."""
    app = Flask(__name__, static_folder=None)
    # A client must never be redirected (protocol section 11, trap 3).
    app.url_map.merge_slashes = False
    # An unlisted method is an unknown route (protocol section 1.1).
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    for number, route in enumerate(ROUTES):
        for prefix in ("", "/managers/<manager_name>"):
            name = f"{number}{prefix and '-named'}"
            app.add_url_rule(prefix + route.path, name, _flask_view(web, route), methods=route.methods)
    app.register_error_handler(Exception, lambda error: _response(answer_for(error)))
    return app


def _flask_view(web: WebContext, route: Route) -> Callable[..., Response]:
    def view(manager_name: str | None = None, job_id: str | None = None) -> Response:
        if request.environ["PATH_INFO"].startswith("//") or request.method not in route.methods:
            # werkzeug takes the first slashes for one, and adds HEAD to every GET.
            raise NotFound
        call = Call(request.environ, manager=manager_name, job_id=job_id)
        if not route.open:
            # First the route, then the token, then the parameters (protocol section 1.2).
            call.require_text()
            web.tokens.require(call.token, call.manager)
        return _response(route.view(web, call))

    return view


def _response(answer: Answer) -> Response:
    """Hand an answer to Flask as it is."""
    response = Response(answer.body, status=answer.status, direct_passthrough=True)
    response.headers.clear()
    response.headers.extend(answer.all_headers())
    return response
