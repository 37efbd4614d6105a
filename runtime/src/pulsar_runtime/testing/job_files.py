"""Job directories that are nowhere on a disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from io import FileIO, RawIOBase

from pulsar_runtime.domain.errors import FileNotThere
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.paths import CREATED_AT_SETUP, Directory, JobFile, RelativePath
from pulsar_runtime.domain.volume import Volume
from pulsar_runtime.testing.descriptor import received, with_contents
from pulsar_runtime.testing.faults import Faults


class InMemoryJobFiles:
    """Implements the port `JobFiles`."""

    def __init__(self) -> None:
        self.faults = Faults()
        #: For each job directory its files, by their names relative to it.
        self.trees: dict[str, dict[str, bytes]] = {}
        #: Descriptors of files that have not arrived as a whole.
        self._partials: dict[tuple[str, str], int] = {}
        #: What all trees together may occupy.
        self.capacity_bytes = 1_000_000

    def create(self, directory: str, tool: Tool) -> None:
        """Make the layout, keeping what is there."""
        self.faults.meet(self.create)
        tree = self.trees.setdefault(directory, {})
        tree["tool_id"] = json.dumps(tool.id).encode()
        tree["tool_version"] = json.dumps(tool.version).encode()

    def clear(self, directory: str, confirm: Callable[[], None] = lambda: None) -> None:
        """Remove the tree, if *confirm* does not raise."""
        self.faults.meet(self.clear)
        if directory in self.trees:
            confirm()
            del self.trees[directory]

    def size(self, directory: str) -> int:
        """Return how many bytes the files of the tree have."""
        self.faults.meet(self.size)
        return sum(map(len, self.trees.get(directory, {}).values()))

    def volume(self, directory: str) -> Volume:  # noqa: ARG002 - the port's signature
        """Return the only volume there is."""
        self.faults.meet(self.volume)
        return Volume(device=1, free_bytes=self.capacity_bytes - sum(map(self.size, self.trees)))

    def touch(self, directory: str, file: JobFile) -> None:
        """Create an empty file unless there is one."""
        self.faults.meet(self.touch)
        self._tree(directory).setdefault(_name(file), b"")

    def make_parents(self, directory: str, file: JobFile) -> None:  # noqa: ARG002 - the port's signature
        """Make the directories that are to hold a file: here they come with it."""
        self.faults.meet(self.make_parents)

    def write(self, directory: str, file: JobFile, data: bytes) -> None:
        """Write a whole small file."""
        self.faults.meet(self.write)
        self._tree(directory)[_name(file)] = data

    @contextmanager
    def receiving(self, directory: str, file: JobFile) -> Iterator[int]:
        """Give a descriptor to write to; the file appears, whole, when the block ends without an error."""
        self.faults.meet(self.receiving)
        with received(lambda data: self._tree(directory).update({_name(file): data})) as descriptor:
            yield descriptor

    @contextmanager
    def placing(self, directory: str, file: JobFile) -> Iterator[str]:
        """Give the path of a partial file, which becomes the file when the block ends without an error."""
        self.faults.meet(self.placing)
        partial = self._partials.setdefault((directory, _name(file)), with_contents(b""))
        path = f"/proc/{os.getpid()}/fd/{partial}"
        yield path
        with open(path, "rb") as stream:
            self._tree(directory)[_name(file)] = stream.read()
        os.close(self._partials.pop((directory, _name(file))))

    def open(self, directory: str, file: JobFile) -> RawIOBase:
        """Open a file for reading; raises `FileNotThere`."""
        self.faults.meet(self.open)
        try:
            data = self.trees[directory][_name(file)]
        except KeyError:
            raise FileNotThere(f"{str(file.path)!r} does not exist") from None
        return FileIO(with_contents(data), "rb")

    def read_text(self, directory: str, file: JobFile, limit: int | None) -> str | None:
        """Return at most *limit* bytes of a file as text, or None when it is not there."""
        self.faults.meet(self.read_text)
        data = self.trees.get(directory, {}).get(_name(file))
        return None if data is None else data[:limit].decode("utf-8", "replace")

    def expand(self, directory: str, file: JobFile) -> JobFile:
        """Replace ``*`` and ``?`` by the first file that matches; raises `FileNotThere` when none does."""
        self.faults.meet(self.expand)
        for name in self.listing(directory, file.directory):
            path = RelativePath.parse(name)
            if len(path.parts) == len(file.path.parts) and all(map(fnmatchcase, path.parts, file.path.parts)):
                return JobFile(file.directory, path)
        raise FileNotThere(f"no file matches {str(file.path)!r}")

    def listing(self, directory: str, which: Directory) -> Sequence[str]:
        """Return the files that can be downloaded; only what lies directly in the job directory itself."""
        self.faults.meet(self.listing)
        if directory not in self.trees:
            return []
        names = self.trees[directory]
        if which is Directory.JOB:
            return sorted({name.partition("/")[0] for name in names} | set(CREATED_AT_SETUP))
        return sorted(os.path.relpath(name, which) for name in names if name.startswith(f"{which}/"))

    def _tree(self, directory: str) -> dict[str, bytes]:
        return self.trees.setdefault(directory, {})


def _name(file: JobFile) -> str:
    return os.path.join(file.directory, str(file.path))
