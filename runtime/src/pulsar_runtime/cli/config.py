"""``pulsar-runtime config check|show``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pulsar_runtime.bootstrap.managers import check_managers
from pulsar_runtime.cli.options import config_option, configuration
from pulsar_runtime.config.show import show as render
from pulsar_runtime.domain.errors import ConfigError


@click.group("config")
def command() -> None:
    """Check or show the configuration."""


@command.command("check")
@config_option
def check(config_file: Path | None) -> None:
    """Exit with 0 if the configuration can be used, else list every problem and exit with 1."""
    loaded = configuration(config_file)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    try:
        check_managers(loaded.config, os.environ)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo("The configuration is usable.")


@command.command("show")
@config_option
def show(config_file: Path | None) -> None:
    """Print the configuration in effect, and where each value comes from; secrets are masked."""
    click.echo(render(configuration(config_file)), nl=False)
