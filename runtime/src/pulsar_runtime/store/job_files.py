"""Job directories: making, filling, reading and removing them."""

from __future__ import annotations

import errno
import glob
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import FileIO, RawIOBase

import attrs

from pulsar_runtime.domain.errors import DiskFull, FileNotThere, RemovalFailed, UnsafePath
from pulsar_runtime.domain.job import Tool
from pulsar_runtime.domain.paths import (
    CREATED_AT_SETUP,
    PARTIAL_PREFIX,
    Directory,
    JobFile,
    RelativePath,
)
from pulsar_runtime.store.beneath import open_file, parent_of
from pulsar_runtime.store.listing import files_below
from pulsar_runtime.store.removal import remove_tree

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)

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
            os.makedirs(staging, mode=0o700, exist_ok=True)
            self._require_space(staging)
            self._make(directory)
            for part in CREATED_AT_SETUP:
                self._make(f"{directory}/{part.value}")
            for name, text in (("tool_id", tool.id), ("tool_version", tool.version)):
                _write(f"{directory}/{name}", json.dumps(text).encode("ascii"))

    def clear(self, directory: str) -> None:
        """Remove the tree; raises `RemovalFailed` when something stays."""
        if not os.path.lexists(directory):
            return
        problems = remove_tree(directory, self.pause)
        if problems:
            detail = "; ".join(problems[:3])
            raise RemovalFailed(
                f"job directory {directory} could not be removed ({detail}): remove it by hand"
            )

    def touch(self, directory: str, file: JobFile) -> None:
        """Create an empty file unless there is one."""
        with translating(str(file.path)), self._parent(directory, file) as parent, suppress(FileExistsError):
            os.close(os.open(file.path.name, _CREATE, 0o666, dir_fd=parent))

    def make_parents(self, directory: str, file: JobFile) -> None:
        """Make the directories that are to hold a file."""
        with translating(str(file.path)), self._parent(directory, file):
            pass

    def write(self, directory: str, file: JobFile, text: str) -> None:
        """Write a whole file, with its parents."""
        with self.receiving(directory, file) as descriptor, open(descriptor, "wb", closefd=False) as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))

    @contextmanager
    def receiving(self, directory: str, file: JobFile) -> Iterator[int]:
        """Give a descriptor to write to; the file appears, whole, when the block ends without an error."""
        partial = PARTIAL_PREFIX + secrets.token_hex(8)
        with translating(str(file.path)), self._parent(directory, file) as parent:
            descriptor = os.open(partial, _CREATE, 0o666, dir_fd=parent)
            try:
                try:
                    yield descriptor
                finally:
                    os.close(descriptor)
                os.rename(partial, file.path.name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                os.unlink(partial, dir_fd=parent)
                raise

    def open(self, directory: str, file: JobFile) -> RawIOBase:
        """Open a regular file for reading; raises `FileNotThere` or `UnsafePath`."""
        with translating(str(file.path)):
            return FileIO(open_file(_root(directory, file), file.path), "rb")

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
        pattern = str(file.path)
        matches = sorted(glob.glob(pattern, root_dir=_root(directory, file)))
        for match in matches:
            if os.path.isfile(os.path.join(_root(directory, file), match)):
                return JobFile(file.directory, RelativePath.parse(match))
        raise FileNotThere(f"no file matches {pattern!r}")

    def listing(self, directory: str, which: Directory) -> list[str]:
        """Return the files that can be downloaded; of the job directory itself, all names directly in it."""
        if which is Directory.JOB:
            try:
                return sorted(name for name in os.listdir(directory) if not name.startswith(PARTIAL_PREFIX))
            except FileNotFoundError:
                return []
        names = []
        for count, name in enumerate(files_below(os.path.join(directory, which.value)), start=1):
            names.append(name)
            if not count % _LISTED_PER_TURN:
                self.pause()
        return sorted(names)

    def _parent(self, directory: str, file: JobFile) -> AbstractContextManager[int]:
        return parent_of(_root(directory, file), file.path, create_mode=self.mode)

    def _make(self, path: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(path, self.mode)

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


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _root(directory: str, file: JobFile) -> str:
    return os.path.join(directory, file.directory.value) if file.directory else directory


@contextmanager
def translating(what: str) -> Iterator[None]:
    """Turn what the file system says about *what* into `DiskFull` and `UnsafePath`."""
    try:
        yield
    except OSError as exc:
        if exc.errno in _OUT_OF_SPACE:
            raise DiskFull(
                f"no space left while writing {what}: free some space on the staging file system"
            ) from exc
        if exc.errno in (errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EINVAL, errno.EILSEQ):
            raise UnsafePath(f"{what}: {exc.strerror}") from exc
        raise
