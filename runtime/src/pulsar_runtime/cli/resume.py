"""``pulsar-runtime resume``."""

from __future__ import annotations

from pathlib import Path

import click

from pulsar_runtime.application.draining import remaining
from pulsar_runtime.cli.drain import print_state
from pulsar_runtime.cli.options import config_option, configuration, json_option
from pulsar_runtime.cli.store import opened_store


@click.command("resume")
@config_option
@json_option
def command(config_file: Path | None, *, as_json: bool) -> None:
    """Take new jobs again after 'pulsar-runtime drain'."""
    store = opened_store(configuration(config_file).config)
    changed = store.resume()
    print_state(store, remaining(store), changed=changed, as_json=as_json)
