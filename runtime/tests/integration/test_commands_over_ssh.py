"""Commands of a batch system that run on another host, through a real sshd."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.managers.batch.commands import ReactorCommands
from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import SshHost
from runtime.tests.ssh_daemon import SshDaemon, running_ssh_daemon

LIMIT = 30.0


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[SshDaemon]:
    with running_ssh_daemon(tmp_path / "sshd") as daemon:
        yield daemon


@pytest.fixture
def host(daemon: SshDaemon, tmp_path: Path) -> Iterator[SshHost]:
    # Its own: the path of a socket has little room, and that of a test is long.
    with tempfile.TemporaryDirectory() as control:
        yield from connected(
            SshHost(
                name="127.0.0.1",
                control_directory=Path(control),
                user=daemon.user,
                port=daemon.port,
                private_key=tmp_path / "sshd" / "client",
                known_hosts=daemon.known_hosts,
            )
        )


def connected(host: SshHost) -> Iterator[SshHost]:
    """Give a host, and end its shared connection afterwards."""
    yield host
    ssh, *options = host.argv(["true"])
    subprocess.run(
        [ssh, "-O", "exit", *options[:-3], host.name], capture_output=True, timeout=LIMIT, check=False
    )


def run(host: SshHost, *commands: list[str], stdin: int | None = None) -> list[CommandResult]:
    """Run commands one after the other, and return what became of them."""
    reactor = SelectorReactor()
    runner = ReactorCommands(reactor, environ={"PATH": os.environ["PATH"], "HOME": "/nowhere"})
    results: list[CommandResult] = []

    def told(result: CommandResult) -> None:
        results.append(result)
        reactor.stop()

    for command in commands:
        runner.run(host.argv(command), told, stdin=stdin)
        reactor.call_later(LIMIT, reactor.stop)
        reactor.run()
    runner.close()
    reactor.close()
    return results


def test_commands_share_one_connection_and_arrive_word_for_word(host: SshHost, tmp_path: Path) -> None:
    odd = ["printf", "%s\\n", "two words; $(id) 'quoted' \"%j\""]
    results = run(host, odd, ["sh", "-c", "echo bad >&2; exit 3"], odd)
    assert [result.exit_code for result in results] == [0, 3, 0]
    assert results[0].stdout == "two words; $(id) 'quoted' \"%j\"\n"
    assert results[1].stderr == "bad\n"
    assert (tmp_path / "sshd" / "log").read_text().count("Accepted publickey") == 1


def test_a_script_arrives_on_standard_input(host: SshHost, tmp_path: Path) -> None:
    script = tmp_path / "launcher"
    script.write_text("#!/bin/bash\necho said\n")
    descriptor = os.open(script, os.O_RDONLY)
    (result,) = run(host, ["cat"], stdin=descriptor)
    os.close(descriptor)
    assert result == CommandResult(stdout=script.read_text())


def test_a_host_with_another_key_is_given_nothing(host: SshHost, daemon: SshDaemon, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    stranger = attrs.evolve(host, known_hosts=daemon.wrong_known_hosts)
    (result,) = run(stranger, ["touch", str(witness)])
    assert result.exit_code == 255
    assert "Host key verification failed" in result.stderr
    assert not witness.exists()
