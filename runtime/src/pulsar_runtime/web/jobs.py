"""Job routes: setup, submit, status, cancel, clean (protocol section 1.4)."""

from __future__ import annotations

from flask import Blueprint, Response

from pulsar_runtime.application.service import JobService
from pulsar_runtime.domain.job import Job
from pulsar_runtime.protocol import setup as setup_wire
from pulsar_runtime.protocol import status as status_wire
from pulsar_runtime.protocol import submit as submit_wire
from pulsar_runtime.web.answers import as_json, ok
from pulsar_runtime.web.context import context, job_id, manager_name, parameters

routes = Blueprint("jobs", __name__)

#: Routes for which the method does not matter (protocol section 1.1).
_ANY_METHOD = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@routes.post("/jobs")
def setup(**_: str) -> Response:
    """Announce a job."""
    service, manager = context().service, manager_name()
    job = service.setup(manager, setup_wire.from_query(parameters()))
    return as_json(setup_wire.answer(job, service.rules(manager).galaxy_properties))


@routes.post("/jobs/<job_id>/submit")
def submit(**_: str) -> Response:
    """Hand over the command."""
    job = job_id()
    context().service.submit(manager_name(), job, submit_wire.from_query(job, parameters()))
    return ok()


@routes.route("/jobs/<job_id>/status", methods=_ANY_METHOD)
def status(**_: str) -> Response:
    """Tell how far a job is, or all about its end."""
    service, manager, asked = context().service, manager_name(), job_id()
    job = service.find(manager, asked)
    if job is not None:
        return as_json(describe(service, job))
    unknown = service.report_unknown(manager, asked)
    return as_json(status_wire.finished(unknown, service.rules(manager).galaxy_properties))


def describe(service: JobService, job: Job) -> dict[str, object]:
    """Describe a known job in the form that its status asks for."""
    if not job.status.terminal:
        return status_wire.unfinished(job.job_id, job.status)
    return status_wire.finished(service.report(job), service.rules(job.manager).galaxy_properties)


@routes.put("/jobs/<job_id>/cancel")
def cancel(**_: str) -> Response:
    """End a job."""
    context().service.cancel(manager_name(), job_id())
    return ok()


@routes.delete("/jobs/<job_id>")
def clean(**_: str) -> Response:
    """Remove a job and its directory."""
    context().service.clean(manager_name(), job_id())
    return ok()
