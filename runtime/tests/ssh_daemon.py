"""A real sshd on loopback, for the copies that go over ssh; it knows one key and is known by one file."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import attrs

START_LIMIT = 10.0


@attrs.frozen(kw_only=True)
class SshDaemon:
    """Where it listens, who may come in, and how."""

    port: int
    user: str
    #: The private key's text.
    key: str = attrs.field(repr=False)
    #: A file that holds the daemon's host key, and one that holds another for its address.
    known_hosts: Path
    wrong_known_hosts: Path


@contextlib.contextmanager
def running_ssh_daemon(directory: Path) -> Iterator[SshDaemon]:
    """Run sshd as this user for as long as the block lasts."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "openssh-server is not installed"
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("host", "other_host", "client"):
        _keygen(directory / name)
    (directory / "authorized_keys").write_bytes((directory / "client.pub").read_bytes())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = directory / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {directory}/host\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\nPermitRootLogin yes\n"
        "PasswordAuthentication no\nMaxStartups 100\nSubsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        # Debian's sshd wants it, and the package makes it only when the service starts.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (directory / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [program, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _await_listening(port, daemon, directory / "log")
        yield SshDaemon(
            port=port,
            user=getpass.getuser(),
            key=(directory / "client").read_text(),
            known_hosts=_known(directory, "host", port),
            wrong_known_hosts=_known(directory, "other_host", port),
        )
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(START_LIMIT)


def _keygen(path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, stdin=subprocess.DEVNULL
    )


def _known(directory: Path, key: str, port: int) -> Path:
    kind, text = (directory / f"{key}.pub").read_text().split()[:2]
    path = directory / f"known_{key}"
    path.write_text(f"[127.0.0.1]:{port} {kind} {text}\n")
    return path


def _await_listening(port: int, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"sshd does not listen\n{log.read_text()}")
        time.sleep(0.02)
