"""File routes: upload, download, path (protocol section 1.4)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import FileIO

from pulsar_runtime.domain.job import Job
from pulsar_runtime.domain.paths import JobFile
from pulsar_runtime.protocol.parameters import required
from pulsar_runtime.protocol.path_types import (
    OUTPUT,
    downloaded_file,
    is_pattern,
    located_file,
    uploaded_file,
)
from pulsar_runtime.web.answer import Answer, as_json
from pulsar_runtime.web.body import arrived, receive
from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext
from pulsar_runtime.web.file_answer import file_answer

_COPY_BYTES = 1024 * 1024


def upload(web: WebContext, call: Call) -> Answer:
    """Take a file; it appears whole or not at all."""
    token = call.parameters.get("cache_token")
    job, file = _place(web, call, uploaded_file, web.service.receiving)
    files = web.service.rules(call.manager).files
    if not token and (body := arrived(call.environ)) is not None:
        # Nothing is left that could break off.
        files.write(job.directory, file, body)
    else:
        with files.receiving(job.directory, file) as descriptor:
            if token:
                _from_cache(web, token, descriptor)
            else:
                receive(call.environ, descriptor, web.pause)
    return _path(job, file)


def download(web: WebContext, call: Call) -> Answer:
    """Send a file, or a part of it."""
    job, file = _place(web, call, downloaded_file, web.service.known, default_type=OUTPUT)
    return file_answer(call.environ, web.service.rules(call.manager).files.open(job.directory, file))


def path(web: WebContext, call: Call) -> Answer:
    """Tell where a file lies, or would lie."""
    # A client with the same file system copies to this path next (action copy), maybe before setup.
    job, file = _place(web, call, located_file, web.service.receiving)
    web.service.rules(call.manager).files.make_parents(job.directory, file)
    return _path(job, file)


def _place(
    web: WebContext,
    call: Call,
    decode: Callable[[str, str], JobFile],
    find: Callable[..., Job],
    default_type: str | None = None,
) -> tuple[Job, JobFile]:
    """Return the job and the file that a request is about."""
    name = required(call.parameters, "name")
    path_type = call.parameters.get("type", default_type) or required(call.parameters, "type")
    file = decode(name, path_type)
    job = find(call.manager, call.job_id)
    if is_pattern(name, path_type):
        file = web.service.rules(call.manager).files.expand(job.directory, file)
    return job, file


def _path(job: Job, file: JobFile) -> Answer:
    return as_json({"path": file.below(job.directory)})


def _from_cache(web: WebContext, token: str, descriptor: int) -> None:
    with web.required_file_cache().open(token) as source:
        shutil.copyfileobj(source, FileIO(descriptor, "wb", closefd=False), _COPY_BYTES)
