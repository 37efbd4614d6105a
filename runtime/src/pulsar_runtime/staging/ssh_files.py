"""Files on other machines, copied by scp or rsync over ssh (protocol section 5.5)."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import Literal

import attrs

from pulsar_runtime.domain.errors import TransferInterrupted, TransferRefused
from pulsar_runtime.domain.staging import SshFile, SshLogin
from pulsar_runtime.staging.progress import Progress

#: How often a stop is looked for.
_POLL_SECONDS = 0.2
_END_SECONDS = 5.0
_EXCERPT_CHARACTERS = 300

#: What ssh, scp and rsync say of what does not get better by itself.
_FOR_GOOD = re.compile(
    "Host key verification failed|Permission denied|No such file or directory|not a regular file"
    "|invalid format|error in libcrypto|Could not resolve hostname"
)
#: Newer ones of rsync would quote what is quoted; an option would stop older ones (rsync(1)).
_QUOTED_BY_US = {"RSYNC_OLD_ARGS": "1", "RSYNC_PROTECT_ARGS": "0"}
_PATTERN_CHARACTERS = re.compile(r"([\\*?\[\]])")

StrictHostKeyChecking = Literal["yes", "accept-new", "no"]


@attrs.frozen(kw_only=True)
class SshFiles:
    """Implements `Carrier` with the programs of OpenSSH and rsync."""

    #: Whether the other machine must be a known one.
    host_keys: StrictHostKeyChecking = "yes"
    #: Known machines; None for the user's own file.
    known_hosts: Path | None = None
    #: What the programs have as theirs.
    environ: Mapping[str, str]

    def fetch(self, other: SshFile, path: str, progress: Progress) -> None:
        """Copy the file to *path*."""
        # What an earlier program may still be writing to is not this one's file any more.
        with suppress(FileNotFoundError):
            os.unlink(path)
        name = other.path
        if other.program == "scp":
            # It would take a pattern for any file that matches.
            name = _PATTERN_CHARACTERS.sub(r"\\\1", name)
        source = _remote(other, name)
        with _identity(other.login) as key:
            self._run([*self._program(other, key), "--", source, path], progress)

    def send(self, other: SshFile, stream: RawIOBase, progress: Progress) -> None:
        """Copy the file to where Galaxy wants it."""
        source = f"/proc/{os.getpid()}/fd/{stream.fileno()}"
        with _identity(other.login) as key:
            make = f"mkdir -p -- {shlex.quote(os.path.dirname(other.path))}"
            ssh = ["ssh", *self._options(other.login, key, "-p"), _at(other.login, bare=True), make]
            self._run(ssh, progress)
            self._run([*self._program(other, key), "--", source, _remote(other, other.path)], progress)

    def _program(self, other: SshFile, key: str | None) -> list[str]:
        if other.program == "scp":
            return ["scp", *self._options(other.login, key, "-P")]
        # The source is named by a link of /proc; the sum of a part that is there says nothing.
        ssh = shlex.join(["ssh", *self._options(other.login, key, "-p")])
        return ["rsync", "--copy-links", "--whole-file", "-e", ssh]

    def _options(self, login: SshLogin, key: str | None, port_option: str) -> list[str]:
        settings = {
            "BatchMode": "yes",
            "PreferredAuthentications": "publickey",
            "PubkeyAuthentication": "yes",
            "StrictHostKeyChecking": self.host_keys,
            "ConnectTimeout": "30",
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "4",
        }
        if self.known_hosts is not None:
            settings["UserKnownHostsFile"] = str(self.known_hosts)
        if key is not None:
            settings["IdentitiesOnly"] = "yes"
        options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        options += ["-i", key] if key is not None else []
        options += [port_option, str(login.port)] if login.port is not None else []
        return options

    def _run(self, command: Sequence[str], progress: Progress) -> None:
        """Run a program to its end; raises `TransferRefused` or `TransferInterrupted` if it fails."""
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env={**self.environ, **_QUOTED_BY_US},
                    start_new_session=True,
                )
            except FileNotFoundError as exc:
                raise TransferRefused(f"{command[0]} is not installed on this machine") from exc
            try:
                _await(process, progress)
            finally:
                _end(process)
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()[-_EXCERPT_CHARACTERS:]
        if process.returncode:
            what = f"{command[0]} ended with {process.returncode}: {text}"
            raise TransferRefused(what) if _FOR_GOOD.search(text) else TransferInterrupted(what)


def _await(process: subprocess.Popen[bytes], progress: Progress) -> None:
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_SECONDS)
            return
        progress.require_wanted()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that is still there, with its ssh."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(_END_SECONDS)


@contextmanager
def _identity(login: SshLogin) -> Iterator[str | None]:
    """Give the path of a file with the private key, which is in memory only and gone with this process."""
    if login.key is None:
        yield None
        return
    descriptor = os.memfd_create("identity")
    try:
        os.fchmod(descriptor, 0o600)
        # OpenSSH wants the last line to have an end.
        os.write(descriptor, f"{login.key.rstrip()}\n".encode())
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _at(login: SshLogin, *, bare: bool) -> str:
    host = login.host if bare or ":" not in login.host else f"[{login.host}]"
    return f"{login.user}@{host}" if login.user else host


def _remote(other: SshFile, name: str) -> str:
    """Name a file on the other machine, as the program wants it: rsync gives it to a shell there."""
    quoted = shlex.quote(name) if other.program == "rsync" else name
    return f"{_at(other.login, bare=False)}:{quoted}"
