"""``pulsar-runtime jobs prune``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from pulsar_runtime.application.retention import Removal
from pulsar_runtime.bootstrap.retention import retention
from pulsar_runtime.cli.options import config_option, configuration, json_option
from pulsar_runtime.cli.store import opened_store


@click.command("prune")
@config_option
@click.option("--dry-run", is_flag=True, help="Remove nothing, and say what would be.")
@json_option
def prune(config_file: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Remove ended jobs and their directories by the rules of the section 'retention'.

    Active jobs are never removed, nor directories that belong to no job. Exits with 1 if something that
    is due could not be removed.
    """
    config = configuration(config_file).config
    if config.retention.days is None and not config.retention.minimum_free_mb and not as_json:
        click.echo("No job is ever due: set retention.days or retention.minimum_free_mb.")
        return
    removals = []
    for removal in retention(config.retention, opened_store(config)).prune(dry_run=dry_run):
        removals.append(removal)
        if not as_json:
            click.echo(_line(removal, dry_run=dry_run), err=bool(removal.problem))
    click.echo(_as_json(removals, dry_run=dry_run) if as_json else _summary(removals, dry_run=dry_run))
    if any(removal.problem for removal in removals):
        sys.exit(1)


def _line(removal: Removal, *, dry_run: bool) -> str:
    job = removal.job
    if removal.problem:
        return f"not removed: {job.manager}/{job.job_id}: {removal.problem}"
    ended = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.changed_at))
    return (
        f"{'would remove' if dry_run else 'removed'} {job.manager}/{job.job_id} ({removal.reason}): "
        f"{job.status} since {ended}, {_mebibytes(removal.size_bytes)}"
    )


def _summary(removals: Sequence[Removal], *, dry_run: bool) -> str:
    failed = sum(1 for removal in removals if removal.problem)
    size = _mebibytes(sum(removal.size_bytes for removal in removals if not removal.problem))
    done = f"{len(removals) - failed} jobs {'would be ' if dry_run else ''}removed, {size}"
    return f"{done}; {failed} could not be removed" if failed else done


def _as_json(removals: Sequence[Removal], *, dry_run: bool) -> str:
    removed = [] if dry_run else [removal for removal in removals if not removal.problem]
    return json.dumps(
        {
            "dry_run": dry_run,
            "due": len(removals),
            "removed": len(removed),
            "failed": sum(1 for removal in removals if removal.problem),
            "freed_bytes": sum(removal.size_bytes for removal in removed),
            "jobs": [
                {
                    "manager": removal.job.manager,
                    "job_id": removal.job.job_id,
                    "status": removal.job.status.value,
                    "ended_at": removal.job.changed_at,
                    "directory": removal.job.directory,
                    "reason": removal.reason.value,
                    "size_bytes": removal.size_bytes,
                    "removed": not (dry_run or removal.problem),
                    "error": removal.problem or None,
                }
                for removal in removals
            ],
        },
        indent=2,
    )


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"
