"""``pulsar-runtime serve``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

import pulsar_runtime.bootstrap.adapters  # noqa: F401 - of both halves: loaded once, its pages are shared
from pulsar_runtime.cli.children import Children
from pulsar_runtime.cli.log import to_stderr
from pulsar_runtime.cli.options import bind_option, config_option, configuration
from pulsar_runtime.systemd.notification import Notifier


@click.command("serve")
@config_option
@bind_option
def command(config_file: Path | None, bind: str | None) -> None:
    """Run web server and agent in the foreground, as one.

    SIGTERM or Ctrl-C stops both; jobs that run go on and are found again at the next start.
    """
    loaded = configuration(config_file, bind)
    to_stderr(loaded)
    # A service manager looks after this process alone: neither half speaks in its name.
    Notifier.taken_from(os.environ, os.getpid())

    def agent() -> None:
        from pulsar_runtime.bootstrap.agent import run_agent  # noqa: PLC0415 - loaded in the child alone

        run_agent(loaded.config, os.environ)

    def web() -> None:
        from pulsar_runtime.bootstrap.web import run_web  # noqa: PLC0415 - loaded in the child alone

        run_web(loaded.config)

    sys.exit(Children({"agent": agent, "web": web}).run())
