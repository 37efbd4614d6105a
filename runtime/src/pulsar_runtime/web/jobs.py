"""Job routes: setup, submit, status, cancel, clean (protocol section 1.4)."""

from __future__ import annotations

from pulsar_runtime.protocol import setup as setup_wire
from pulsar_runtime.protocol import status as status_wire
from pulsar_runtime.protocol import submit as submit_wire
from pulsar_runtime.web.answer import Answer, as_json, ok
from pulsar_runtime.web.call import Call
from pulsar_runtime.web.context import WebContext


def setup(web: WebContext, call: Call) -> Answer:
    """Announce a job."""
    job = web.service.setup(call.manager, setup_wire.from_query(call.parameters))
    return as_json(setup_wire.answer(job, web.service.rules(call.manager).galaxy_properties))


def submit(web: WebContext, call: Call) -> Answer:
    """Hand over the command."""
    job_id = call.job_id
    web.service.submit(call.manager, job_id, submit_wire.from_query(job_id, call.parameters))
    return ok()


def status(web: WebContext, call: Call) -> Answer:
    """Tell how far a job is, or all about its end."""
    service, job_id = web.service, call.job_id
    job = service.find(call.manager, job_id)
    if job is not None and not job.status.terminal:
        return as_json(status_wire.unfinished(job.job_id, job.status))
    report = service.report(job) if job is not None else service.report_unknown(call.manager, job_id)
    return as_json(status_wire.finished(report, service.rules(call.manager).galaxy_properties))


def cancel(web: WebContext, call: Call) -> Answer:
    """End a job."""
    web.service.cancel(call.manager, call.job_id)
    return ok()


def clean(web: WebContext, call: Call) -> Answer:
    """Remove a job and its directory."""
    web.service.clean(call.manager, call.job_id)
    return ok()
