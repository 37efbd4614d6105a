"""``pulsar-runtime web``."""

from __future__ import annotations

from pathlib import Path

import click

from pulsar_runtime.bootstrap.web import run_web
from pulsar_runtime.cli.children import run_and_exit
from pulsar_runtime.cli.log import to_stderr
from pulsar_runtime.cli.options import bind_option, config_option, configuration


@click.command("web")
@config_option
@bind_option
def command(config_file: Path | None, bind: str | None) -> None:
    """Run the web server alone; jobs wait until an agent runs too."""
    loaded = configuration(config_file, bind)
    to_stderr(loaded)
    run_and_exit(lambda: run_web(loaded.config), "web")
