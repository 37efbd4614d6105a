"""``pulsar-runtime drain``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from pulsar_runtime.application.draining import Remaining, remaining, wait_until_idle
from pulsar_runtime.cli.options import config_option, configuration, json_option
from pulsar_runtime.cli.store import opened_store
from pulsar_runtime.ports import JobStore
from pulsar_runtime.store.doorbell import SocketDoorbell

#: The exit code when the time is up and jobs are still active.
_NOT_IDLE = 3


@click.command("drain")
@config_option
@click.option(
    "--wait",
    "wait_seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="Wait for the end of the last active job, at most so long; exit with 3 if some are active then.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing and wait for nothing; print the state.")
@json_option
def command(config_file: Path | None, wait_seconds: float | None, *, dry_run: bool, as_json: bool) -> None:
    """Take no new jobs, until 'pulsar-runtime resume'.

    The jobs that the server has go on, and Galaxy can fetch their results and clean up. It is told to try
    again later when it wants to set up another one. This holds across restarts.
    """
    config = configuration(config_file).config
    store = opened_store(config)
    if dry_run:
        print_state(store, remaining(store), changed=False, as_json=as_json)
        return
    changed = store.drain()
    left = remaining(store)
    if wait_seconds is not None:
        left = wait_until_idle(
            store,
            wait_seconds,
            clock=time.monotonic,
            sleep=time.sleep,
            changed=lambda now: None if as_json else click.echo(f"waiting: {_in_words(now)}", err=True),
        )
    print_state(store, left, changed=changed, as_json=as_json)
    if wait_seconds is not None and left.active:
        hint = "" if SocketDoorbell(config.persistence_directory).answered() else "; no agent runs"
        click.echo(f"not all jobs have ended after {wait_seconds:g} s{hint}", err=True)
        sys.exit(_NOT_IDLE)


def print_state(store: JobStore, left: Remaining, *, changed: bool, as_json: bool) -> None:
    """Print whether new jobs are taken, and what is left of those that were."""
    since = store.draining_since()
    if as_json:
        state = {
            "draining": since is not None,
            "since": since,
            "changed": changed,
            "active": left.active,
            "ended": left.ended,
            "by_status": {status.value: count for status, count in left.by_status.items()},
        }
        click.echo(json.dumps(state))
    else:
        state_in_words = "takes new jobs" if since is None else "takes no new jobs"
        click.echo(f"The server {state_in_words}. It has {_in_words(left)}.")


def _in_words(left: Remaining) -> str:
    if not left.by_status:
        return "no jobs"
    counts = ", ".join(f"{count} {status}" for status, count in left.by_status.items())
    return f"{left.active} active and {left.ended} ended jobs that Galaxy has not cleaned up ({counts})"
