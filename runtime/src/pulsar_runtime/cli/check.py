"""``pulsar-runtime check URL``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pulsar_runtime.cli.options import config_option, configuration, json_option
from pulsar_runtime.cli.probe import Probe, ProbeFailed

#: Not an option: arguments are visible to every user of the machine.
_TOKEN_VARIABLE = "PULSAR_TOKEN"  # noqa: S105 - the name of a variable


@click.command("check")
@click.argument("url")
@config_option
@click.option(
    "--manager", metavar="NAME", help="The manager that is to run the job (default: the default one)."
)
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"File that holds the token. Else the variable {_TOKEN_VARIABLE}, or private_token of --config.",
)
@click.option(
    "--timeout", metavar="SECONDS", default=60.0, show_default=True, help="The longest wait in all."
)
@json_option
def command(
    url: str,
    config_file: Path | None,
    manager: str | None,
    token_file: Path | None,
    timeout: float,
    *,
    as_json: bool,
) -> None:
    """Run a real job through the server at URL, with a file each way, and say what failed.

    The job reads an input, writes an output and is cleaned up; the bytes are compared.
    """
    probe = Probe(url, manager=manager, token=_token(config_file, token_file), timeout_seconds=timeout)
    try:
        for phase in probe.phases():
            if not as_json:
                click.echo(f"{phase.name:10} ok  {phase.seconds * 1000:8.1f} ms  {phase.detail}")
    except ProbeFailed as failure:
        if as_json:
            click.echo(failure.as_json())
        else:
            click.echo(f"{failure.phase:10} FAILED: {failure}", err=True)
        sys.exit(1)
    click.echo(probe.as_json() if as_json else f"{url} runs jobs.")


def _token(config_file: Path | None, token_file: Path | None) -> str | None:
    if token_file is not None:
        return token_file.read_text(encoding="utf-8").strip()
    if os.environ.get(_TOKEN_VARIABLE):
        return os.environ[_TOKEN_VARIABLE]
    if config_file is not None:
        token = configuration(config_file).config.private_token
        return token.reveal() if token else None
    return None
