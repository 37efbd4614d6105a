"""``pulsar-runtime agent``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pulsar_runtime.bootstrap.agent import run_agent
from pulsar_runtime.cli.log import to_stderr
from pulsar_runtime.cli.options import config_option, configuration
from pulsar_runtime.domain.errors import StoreError, UnfitHost
from pulsar_runtime.systemd.activation import inherited_descriptors
from pulsar_runtime.systemd.notification import Notifier


@click.command("agent")
@config_option
def command(config_file: Path | None) -> None:
    """Run the agent alone: it starts jobs and follows them to their end."""
    loaded = configuration(config_file)
    to_stderr(loaded)
    notifier = Notifier.taken_from(os.environ, os.getpid())
    try:
        # It listens at none, and its jobs shall not find any.
        inherited_descriptors(os.environ, os.getpid())
        run_agent(loaded.config, os.environ, notifier)
    except (StoreError, UnfitHost) as error:
        click.echo(f"pulsar-runtime agent: {error}", err=True)
        sys.exit(1)
