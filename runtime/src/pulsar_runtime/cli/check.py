"""``pulsar-runtime check``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pulsar_runtime.cli.http_probe import HttpProbe
from pulsar_runtime.cli.options import config_option, configuration, json_option
from pulsar_runtime.cli.probe import Probe, ProbeFailed, Way
from pulsar_runtime.config.schema import Config

#: Not an option: arguments are visible to every user of the machine.
_TOKEN_VARIABLE = "PULSAR_TOKEN"  # noqa: S105 - the name of a variable


@click.command("check")
@click.argument("url", required=False)
@config_option
@click.option(
    "--manager", metavar="NAME", help="The manager that is to run the job (default: the default one)."
)
@click.option("--user", metavar="NAME", help="Whom the job asks to run as, where jobs run as their users.")
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"File that holds the token. Else the variable {_TOKEN_VARIABLE}, or private_token of --config.",
)
@click.option(
    "--timeout", metavar="SECONDS", default=60.0, show_default=True, help="The longest wait in all."
)
@click.option("--dry-run", is_flag=True, help="Look only whether the server is there; run no job.")
@json_option
def command(
    url: str | None,
    config_file: Path | None,
    manager: str | None,
    token_file: Path | None,
    timeout: float,
    *,
    user: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run a real job through the server at URL, with a file each way, and say what failed.

    The job reads an input, writes an output and is cleaned up; the bytes are compared.

    Without URL, the job goes through the message broker of --config to the agent that runs here with that
    configuration, and no file is sent. Run this as the server's user.
    """
    way: Way
    if url is not None:
        token = _token(config_file, token_file)
        way = HttpProbe(url, manager=manager, user=user, token=token, timeout_seconds=timeout)
    else:
        way = _by_message(configuration(config_file).config, manager, user, timeout)
    probe = Probe(way, dry_run=dry_run)
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
    click.echo(
        probe.as_json() if as_json else f"{url or 'The agent'} {'is there' if dry_run else 'runs jobs'}."
    )


def _by_message(config: Config, manager: str | None, user: str | None, timeout: float) -> Way:
    if not config.has_broker:
        raise click.UsageError("name a URL, or a --config with message_queue_url or message_queue_url_file")
    from pulsar_runtime.cli.message_probe import MessageProbe  # noqa: PLC0415 - few sites have a broker

    return MessageProbe(config, manager=manager, user=user, timeout_seconds=timeout)


def _token(config_file: Path | None, token_file: Path | None) -> str | None:
    if token_file is not None:
        return token_file.read_text(encoding="utf-8").strip()
    if os.environ.get(_TOKEN_VARIABLE):
        return os.environ[_TOKEN_VARIABLE]
    if config_file is not None:
        token = configuration(config_file).config.private_token
        return token.reveal() if token else None
    return None
