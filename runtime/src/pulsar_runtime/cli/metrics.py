"""``pulsar-runtime metrics``."""

from __future__ import annotations

from pathlib import Path

import click

from pulsar_runtime.bootstrap.metrics import metrics
from pulsar_runtime.cli.options import config_option, configuration
from pulsar_runtime.cli.store import opened_store
from pulsar_runtime.protocol import exposition


@click.command("metrics")
@config_option
def command(config_file: Path | None) -> None:
    """Print what the web server tells at /metrics, in Prometheus' text format.

    For servers that no monitoring system can reach, or shall have a token of: node_exporter's textfile
    collector takes it.
    """
    config = configuration(config_file).config
    store = opened_store(config)
    click.echo(exposition.to_text(metrics(config, store).read()), nl=False)
