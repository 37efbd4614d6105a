"""The root command; each sub-command is loaded when it is called for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import click

from pulsar_runtime.domain.errors import PulsarRuntimeError

_COMMANDS: Mapping[str, str] = {
    "serve": "Run web server and agent in the foreground, as one.",
    "web": "Run the web server alone.",
    "agent": "Run the agent alone.",
    "config": "Check or show the configuration.",
    "jobs": "List, show, cancel and prune jobs.",
    "metrics": "Print figures for Prometheus.",
    "drain": "Take no new jobs, and wait for the present ones.",
    "resume": "Take new jobs again.",
    "check": "Run a real job through a server and say what failed.",
    "version": "Print the version.",
}


class _Commands(click.Group):
    """Commands by name, without loading those that are not called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"pulsar_runtime.cli.{cmd_name}")
        return cast("click.Command", module.command)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's interface
        try:
            return super().invoke(ctx)
        except PulsarRuntimeError as error:
            # Ours say enough; a traceback would only hide it.
            raise click.ClickException(str(error)) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run Galaxy's jobs on this machine: a server of the Pulsar protocol.

    To begin, 'pulsar-runtime serve' needs no configuration at all; 'pulsar-runtime check URL' proves
    that a server works. Every command has its own --help.
    """
