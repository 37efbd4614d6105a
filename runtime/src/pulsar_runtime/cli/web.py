"""``pulsar-runtime web``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pulsar_runtime.bootstrap.web import run_web
from pulsar_runtime.cli.children import run_and_exit
from pulsar_runtime.cli.log import to_stderr
from pulsar_runtime.cli.options import bind_option, config_option, configuration
from pulsar_runtime.systemd.activation import inherited_descriptors
from pulsar_runtime.systemd.notification import Notifier


@click.command("web")
@config_option
@bind_option
def command(config_file: Path | None, bind: str | None) -> None:
    """Run the web server alone; jobs wait until an agent runs too.

    Sockets from a service manager (LISTEN_FDS) are used in place of web.bind.
    """
    loaded = configuration(config_file, bind)
    to_stderr(loaded)
    notifier = Notifier.taken_from(os.environ, os.getpid())
    run_and_exit(
        lambda: run_web(loaded.config, notifier, inherited_descriptors(os.environ, os.getpid())), "web"
    )
