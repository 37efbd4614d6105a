"""``pulsar-runtime jobs list|show|cancel|prune``."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import click

from pulsar_runtime.cli.options import config_option, configuration, json_option
from pulsar_runtime.cli.prune import prune
from pulsar_runtime.cli.store import opened_store
from pulsar_runtime.domain.ids import DEFAULT_MANAGER, ManagerName, parse_job_id
from pulsar_runtime.domain.job import Job
from pulsar_runtime.ports import JobStore
from pulsar_runtime.store.doorbell import SocketDoorbell

_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.1

manager_option = click.option(
    "--manager",
    metavar="NAME",
    default=DEFAULT_MANAGER,
    show_default=True,
    help="The manager that has the job.",
)


@click.group("jobs")
def command() -> None:
    """List, show, cancel and prune jobs."""


command.add_command(prune)


@command.command("list")
@config_option
@json_option
def list_jobs(config_file: Path | None, *, as_json: bool) -> None:
    """List all jobs that the store knows, oldest first."""
    store = opened_store(configuration(config_file).config)
    jobs = store.jobs()
    if as_json:
        click.echo(json.dumps([_as_json(job) for job in jobs], indent=2))
        return
    rows = [("MANAGER", "JOB", "STATUS", "RETURN CODE", "CHANGED", "REASON")]
    rows += [
        (job.manager, job.job_id, job.status, _code(job), _moment(job.changed_at), job.reason) for job in jobs
    ]
    _print_table(rows)


@command.command("show")
@config_option
@manager_option
@json_option
@click.argument("job_id")
def show(config_file: Path | None, manager: str, job_id: str, *, as_json: bool) -> None:
    """Show one job and its history."""
    store = opened_store(configuration(config_file).config)
    job = _job(store, manager, job_id)
    events = store.events(job.key)
    if as_json:
        click.echo(
            json.dumps({**_as_json(job), "events": [attrs.asdict(event) for event in events]}, indent=2)
        )
        return
    for name, value in _as_json(job).items():
        click.echo(f"{name + ':':18} {'' if value is None else value}")
    click.echo("history:")
    _print_table([("  " + _moment(event.at), event.status, event.reason) for event in events])


@command.command("cancel")
@config_option
@manager_option
@click.argument("job_id")
def cancel(config_file: Path | None, manager: str, job_id: str) -> None:
    """End one job, and wait until its last process is gone."""
    config = configuration(config_file).config
    store = opened_store(config)
    job = _job(store, manager, job_id)
    if job.status.terminal:
        click.echo(f"job {job_id} has already ended: {job.status}")
        return
    store.request_cancel(job.key)
    SocketDoorbell(config.persistence_directory).ring()
    click.echo(f"waiting for the end of job {job_id} ", nl=False, err=True)
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        present = store.get(job.key)
        if present is None or present.status.terminal:
            click.echo("", err=True)
            click.echo(f"job {job_id}: {present.status if present else 'removed'}")
            return
        click.echo(".", nl=False, err=True)
        time.sleep(_POLL_SECONDS)
    raise click.ClickException(f"job {job_id} has not ended after {_WAIT_SECONDS:.0f} s: does the agent run?")


def _job(store: JobStore, manager: str, job_id: str) -> Job:
    job = store.find(ManagerName(manager), parse_job_id(job_id))
    if job is None:
        raise click.ClickException(
            f"manager {manager} has no job {job_id}: 'pulsar-runtime jobs list' lists all"
        )
    return job


def _as_json(job: Job) -> dict[str, object]:
    return {
        "manager": job.manager,
        "job_id": job.job_id,
        "alias": job.alias,
        "status": job.status.value,
        "return_code": job.return_code,
        "reason": job.reason,
        "tool": f"{job.tool.id} {job.tool.version}".strip(),
        "attempt": job.attempt,
        "external_id": job.external_id,
        "cancel_requested": job.cancel_requested,
        "directory": job.directory,
        "created_at": job.created_at,
        "changed_at": job.changed_at,
    }


def _code(job: Job) -> str:
    return "" if job.return_code is None else str(job.return_code)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
