"""The file cache: what a client has uploaded once."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO, RawIOBase
from pathlib import Path

from pulsar_runtime.domain.errors import FileNotThere, MalformedRequest
from pulsar_runtime.store.job_files import translating

_TOKEN = re.compile(r"[0-9a-f]{64}")

#: After this long without a file, the caller who was to upload it has given up, and the next one may.
_CLAIM_SECONDS = 3600.0


class DirectoryFileCache:
    """Implements the port `FileCache` on one directory, for any number of processes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def claim(self, token: str) -> bool:
        """Tell whether the caller is the one who is to upload."""
        if self.ready(token):
            return False
        claim = self._file(token).with_suffix(".claim")
        claim.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            if claim.stat().st_mtime + _CLAIM_SECONDS > time.time():
                return False
            claim.touch()
        return True

    @contextmanager
    def receiving(self, token: str) -> Iterator[int]:
        """Give a descriptor to write to; the file is ready when the block ends without an error."""
        file = self._file(token)
        partial = file.with_suffix(f".{secrets.token_hex(8)}_TMP")
        with translating("the cached file"):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                try:
                    yield descriptor
                finally:
                    os.close(descriptor)
                partial.rename(file)
            except BaseException:
                partial.unlink()
                raise

    def ready(self, token: str) -> bool:
        """Tell whether the file is there."""
        return self._file(token).exists()

    def open(self, token: str) -> RawIOBase:
        """Open a file that is ready; raises `FileNotThere` or `MalformedRequest`."""
        try:
            return FileIO(self._file(token), "rb")
        except FileNotFoundError:
            raise FileNotThere(f"nothing is cached under token {token}") from None

    def _file(self, token: str) -> Path:
        if not _TOKEN.fullmatch(token):
            raise MalformedRequest("cache_token is not one that /cache/status gives")
        return self._directory / token
