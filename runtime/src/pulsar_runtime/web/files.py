"""File routes: upload, download, path (protocol section 1.4)."""

from __future__ import annotations

import shutil
from io import FileIO
from pathlib import PurePosixPath

from flask import Blueprint, Response, request

from pulsar_runtime.domain.errors import NotConfigured
from pulsar_runtime.domain.paths import JobFile
from pulsar_runtime.protocol.parameters import required
from pulsar_runtime.protocol.path_types import (
    OUTPUT,
    downloaded_file,
    is_pattern,
    located_file,
    uploaded_file,
)
from pulsar_runtime.web.answers import as_json
from pulsar_runtime.web.body import receive
from pulsar_runtime.web.context import context, job_id, manager_name, parameters
from pulsar_runtime.web.sending import send

routes = Blueprint("files", __name__)

_COPY_BYTES = 1024 * 1024


@routes.post("/jobs/<job_id>/files")
def upload(**_: str) -> Response:
    """Take a file; it appears whole or not at all."""
    service, manager, values = context().service, manager_name(), parameters()
    name, path_type = required(values, "name"), required(values, "type")
    file = uploaded_file(name, path_type)
    token = values.get("cache_token")
    job = service.receiving(manager, job_id())
    files = service.rules(manager).files
    if is_pattern(name, path_type):
        file = files.expand(job.directory, file)
    with files.receiving(job.directory, file) as descriptor:
        if token:
            _from_cache(token, descriptor)
        else:
            receive(request.environ, descriptor, context().pause)
    return _path(job.directory, file)


@routes.get("/jobs/<job_id>/files")
def download(**_: str) -> Response:
    """Send a file, or a part of it."""
    service, manager, values = context().service, manager_name(), parameters()
    name, path_type = required(values, "name"), values.get("type", OUTPUT)
    file = downloaded_file(name, path_type)
    job = service.known(manager, job_id())
    files = service.rules(manager).files
    if is_pattern(name, path_type):
        file = files.expand(job.directory, file)
    return send(request, files.open(job.directory, file))


@routes.get("/jobs/<job_id>/files/path")
def path(**_: str) -> Response:
    """Tell where a file lies, or would lie."""
    service, manager, values = context().service, manager_name(), parameters()
    name, path_type = required(values, "name"), required(values, "type")
    file = located_file(name, path_type)
    # A client with the same file system copies to this path next (action copy), maybe before setup.
    job = service.receiving(manager, job_id())
    files = service.rules(manager).files
    if is_pattern(name, path_type):
        file = files.expand(job.directory, file)
    files.make_parents(job.directory, file)
    return _path(job.directory, file)


def _path(directory: str, file: JobFile) -> Response:
    return as_json({"path": str(file.below(PurePosixPath(directory)))})


def _from_cache(token: str, descriptor: int) -> None:
    file_cache = context().file_cache
    if file_cache is None:
        raise NotConfigured("there is no file cache here: set file_cache_dir")
    with file_cache.open(token) as source:
        shutil.copyfileobj(source, FileIO(descriptor, "wb", closefd=False), _COPY_BYTES)
