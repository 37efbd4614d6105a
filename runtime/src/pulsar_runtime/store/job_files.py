"""Job directories: making, filling, reading and removing them."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from fnmatch import fnmatchcase
from io import FileIO, RawIOBase

import attrs

from pulsar_runtime.domain.errors import DiskFull, FileNotThere, RemovalFailed, UnsafePath
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.paths import (
    CREATED_AT_SETUP,
    Directory,
    JobFile,
    RelativePath,
)
from pulsar_runtime.domain.volume import Volume
from pulsar_runtime.store.beneath import directory_of, open_file, parent_of, require_no_link_out
from pulsar_runtime.store.listing import files_below, is_listed
from pulsar_runtime.store.removal import remove_tree
from pulsar_runtime.store.replacing import placing, replacing
from pulsar_runtime.store.tree_size import tree_size

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)
#: The name is wrong, or a job has closed or replaced what it leads through.
_NOT_USABLE = (
    errno.ENAMETOOLONG,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EINVAL,
    errno.EILSEQ,
    errno.EACCES,
    errno.EPERM,
)

_LISTED_PER_TURN = 500


def _go_on() -> None:
    pass


@attrs.frozen(kw_only=True)
class JobDirectories:
    """Implements the port `JobFiles` on a file system.

    The process's umask must let *mode* through.
    """

    #: Of every directory.
    mode: int = 0o700
    #: The watermark below which no new job is set up.
    minimum_free_bytes: int = 0
    #: Lets others have a turn during long work.
    pause: Callable[[], None] = _go_on

    def create(self, directory: str, tool: Tool) -> None:
        """Make the layout, keeping what is there; raises `DiskFull` below the watermark."""
        staging = os.path.dirname(directory)
        with translating(directory):
            if not os.path.isdir(staging):
                os.makedirs(staging, mode=0o700, exist_ok=True)
            self._require_space(staging)
            with suppress(FileExistsError):
                os.mkdir(directory, self.mode)
            with directory_of(directory, Directory.JOB) as descriptor:
                for part in CREATED_AT_SETUP:
                    with suppress(FileExistsError):
                        os.mkdir(part.value, self.mode, dir_fd=descriptor)
                for name, text in (("tool_id", tool.id), ("tool_version", tool.version)):
                    _write(name, descriptor, json.dumps(text).encode("ascii"))

    def clear(self, directory: str, confirm: Callable[[], None] = _go_on) -> None:
        """Remove the tree, if *confirm* does not raise; raises `RemovalFailed` when something stays."""
        if not os.path.lexists(directory):
            return
        problems = remove_tree(directory, self.pause, confirm)
        if problems:
            detail = "; ".join(problems[:3])
            raise RemovalFailed(
                f"job directory {directory} could not be removed ({detail}): remove it by hand"
            )

    def size(self, directory: str) -> int:
        """Return how many bytes the tree occupies, about."""
        return tree_size(directory)

    def volume(self, directory: str) -> Volume:
        """Return the file system that holds the tree; raises `FileNotThere` when there is no place for it."""
        staging = os.path.dirname(directory)
        try:
            found = os.statvfs(staging)
            return Volume(device=os.stat(staging).st_dev, free_bytes=found.f_bavail * found.f_frsize)
        except OSError as exc:
            raise FileNotThere(
                f"staging directory {staging}: {exc.strerror}; is its file system mounted?"
            ) from exc

    def touch(self, directory: str, file: JobFile) -> None:
        """Create an empty file unless there is one."""
        with translating(str(file.path)), self._parent(directory, file) as parent, suppress(FileExistsError):
            os.close(os.open(file.path.name, _CREATE, 0o666, dir_fd=parent))

    def make_parents(self, directory: str, file: JobFile) -> None:
        """Make the directories that are to hold a file; raises `UnsafePath` for a link that leads out."""
        with translating(str(file.path)), self._parent(directory, file) as parent:
            require_no_link_out(directory, file, parent)

    def write(self, directory: str, file: JobFile, data: bytes) -> None:
        """Write a whole small file, with its parents."""
        with translating(str(file.path)), self._parent(directory, file) as parent:
            _write(file.path.name, parent, data)

    @contextmanager
    def receiving(self, directory: str, file: JobFile) -> Iterator[int]:
        """Give a descriptor to write to; the file appears, whole, when the block ends without an error."""
        with (
            translating(str(file.path)),
            self._parent(directory, file) as parent,
            replacing(parent, file.path.name) as descriptor,
        ):
            yield descriptor

    @contextmanager
    def placing(self, directory: str, file: JobFile) -> Iterator[str]:
        """Give the path of a partial file, which becomes the file when the block ends without an error."""
        with (
            translating(str(file.path)),
            self._parent(directory, file) as parent,
            placing(parent, file.path.name) as path,
        ):
            yield path

    def open(self, directory: str, file: JobFile) -> RawIOBase:
        """Open a regular file for reading; raises `FileNotThere` or `UnsafePath`."""
        with translating(str(file.path)):
            return FileIO(open_file(directory, file), "rb")

    def read_text(self, directory: str, file: JobFile, limit: int | None) -> str | None:
        """Return at most *limit* bytes of a file as text, or None when it is not there.

        A job may leave any bytes, also half a character at the limit: they become replacement characters.
        """
        try:
            with self.open(directory, file) as stream:
                data = stream.read() if limit is None else stream.read(limit)
        except (FileNotThere, UnsafePath):
            return None
        return (data or b"").decode("utf-8", "replace")

    def expand(self, directory: str, file: JobFile) -> JobFile:
        """Replace ``*`` and ``?`` by the first file that matches; raises `FileNotThere` when none does."""
        for name in self.listing(directory, file.directory):
            path = RelativePath.parse(name)
            if _matches(path, file.path):
                return JobFile(file.directory, path)
        raise FileNotThere(f"no file matches {str(file.path)!r}")

    def listing(self, directory: str, which: Directory) -> list[str]:
        """Return the files that can be downloaded; of the job directory itself, all names directly in it."""
        names = []
        with suppress(FileNotThere, UnsafePath), directory_of(directory, which) as descriptor:
            if which is Directory.JOB:
                names += [name for name in os.listdir(descriptor) if is_listed(name)]
            else:
                for count, name in enumerate(files_below(descriptor), start=1):
                    names.append(name)
                    if not count % _LISTED_PER_TURN:
                        self.pause()
        return sorted(names)

    def _parent(self, directory: str, file: JobFile) -> AbstractContextManager[int]:
        return parent_of(directory, file, create_mode=self.mode)

    def _require_space(self, staging: str) -> None:
        if not self.minimum_free_bytes:
            return
        volume = os.statvfs(staging)
        if volume.f_bavail * volume.f_frsize < self.minimum_free_bytes or (
            volume.f_files and not volume.f_favail
        ):
            raise DiskFull(
                f"the staging directory's file system has less than {self.minimum_free_bytes >> 20} MiB "
                "or no inodes left: free some space, or lower disk.minimum_free_mb"
            )


def _write(name: str, parent: int, data: bytes) -> None:
    """Write a small file at once; one that is there, or a link of a job in its place, is replaced."""
    try:
        descriptor = os.open(name, _CREATE, 0o666, dir_fd=parent)
    except FileExistsError:
        with replacing(parent, name) as descriptor, open(descriptor, "wb", closefd=False) as stream:
            stream.write(data)
        return
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
    except OSError:
        os.unlink(name, dir_fd=parent)
        raise


def _matches(path: RelativePath, pattern: RelativePath) -> bool:
    """Tell whether a name is meant by a pattern; as in a shell, only a dot stands for a leading dot."""
    return len(path.parts) == len(pattern.parts) and all(
        fnmatchcase(part, wanted) and (wanted[0] == "." or part[0] != ".")
        for part, wanted in zip(path.parts, pattern.parts, strict=True)
    )


@contextmanager
def translating(what: str) -> Iterator[None]:
    """Turn what the file system says about *what* into `DiskFull`, `FileNotThere` and `UnsafePath`."""
    try:
        yield
    except OSError as exc:
        if exc.errno in _OUT_OF_SPACE:
            raise DiskFull(
                f"no space left while writing {what}: free some space on the staging file system"
            ) from exc
        if exc.errno == errno.ENOENT:
            raise FileNotThere(f"{what}: its directory was removed meanwhile") from exc
        if exc.errno in _NOT_USABLE:
            raise UnsafePath(f"{what}: {exc.strerror}") from exc
        raise
