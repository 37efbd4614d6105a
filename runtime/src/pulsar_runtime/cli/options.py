"""Options that several commands share, and the configuration that they lead to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pulsar_runtime.config.load import Loaded, load
from pulsar_runtime.domain.errors import ConfigError

config_option = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file (YAML; the reference server's app.yml is understood). Without it: defaults.",
)

bind_option = click.option(
    "--bind",
    metavar="HOST:PORT",
    help="Where to listen, in place of web.bind (default 127.0.0.1:8913).",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def configuration(config_file: Path | None, bind: str | None = None) -> Loaded:
    """Load the configuration, or print every problem and exit with 1."""
    try:
        return load(config_file, os.environ, {"web.bind": bind})
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
