"""A file cache without a directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO, RawIOBase

from pulsar_runtime.domain.errors import FileNotThere
from pulsar_runtime.testing.descriptor import received, with_contents


class InMemoryFileCache:
    """Implements the port `FileCache`."""

    def __init__(self) -> None:
        self._claimed: set[str] = set()
        self._files: dict[str, bytes] = {}

    def claim(self, token: str) -> bool:
        """Tell whether the caller is the one who is to upload."""
        if token in self._claimed or token in self._files:
            return False
        self._claimed.add(token)
        return True

    @contextmanager
    def receiving(self, token: str) -> Iterator[int]:
        """Give a descriptor to write to; the file is ready when the block ends without an error."""
        with received(lambda data: self._files.update({token: data})) as descriptor:
            yield descriptor

    def ready(self, token: str) -> bool:
        """Tell whether the file is there."""
        return token in self._files

    def open(self, token: str) -> RawIOBase:
        """Open a file that is ready; raises `FileNotThere`."""
        if token not in self._files:
            raise FileNotThere(f"nothing is cached under token {token}")
        return FileIO(with_contents(self._files[token]), "rb")
