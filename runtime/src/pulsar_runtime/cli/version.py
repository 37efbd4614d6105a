"""``pulsar-runtime version``."""

from __future__ import annotations

import click

from pulsar_runtime import __version__
from pulsar_runtime.protocol.version import PULSAR_VERSION


@click.command("version")
def command() -> None:
    """Print the version, and the one that Galaxy is told."""
    click.echo(f"pulsar-runtime {__version__} (reported to Galaxy as {PULSAR_VERSION})")
