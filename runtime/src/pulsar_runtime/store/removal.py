"""Removing a directory tree: any depth, closed directories too, and nothing outside of it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable

_REMOVED_PER_TURN = 200

#: How often a directory is emptied in which something appears again and again.
_MOST_ROUNDS = 10


def _certain() -> None:
    pass


def remove_tree(
    directory: str, pause: Callable[[], None], confirm: Callable[[], None] = _certain
) -> list[str]:
    """Remove *directory*; return what could not be removed, and why.

    *pause* is called now and then, as this may take long. *confirm* is called, and may raise, when it is
    certain what would be removed: if another directory appears in place of this one, it is left alone.
    """
    try:
        if os.path.islink(directory) or not os.path.isdir(directory):
            confirm()
            # What a job has put in its place.
            os.unlink(directory)
            return []
        top = _opened(directory, None)
        try:
            confirm()
            for _ in range(_MOST_ROUNDS):
                problems = _Removal(top, pause).run()
                if problems or _removed_itself(directory, top):
                    return problems
        finally:
            os.close(top)
    except FileNotFoundError:
        # Somebody else was faster.
        return []
    except OSError as exc:
        return [f"{os.path.basename(directory)}: {exc.strerror}"]
    return [f"{os.path.basename(directory)}: somebody puts files into it all the time"]


class _Removal:
    """Empties a directory.

    Every sub-directory is first moved up to the top and emptied there, so that a tree of any depth needs
    neither recursion nor long paths. Links are removed, never followed, whoever swaps them in meanwhile.
    """

    def __init__(self, top: int, pause: Callable[[], None]) -> None:
        self._top = top
        self._pause = pause
        self._prefix = f".removed-{secrets.token_hex(4)}-"
        #: Sub-directories that now are directly below the top.
        self._pending: list[str] = []
        self._removed = 0
        self._problems: list[str] = []

    def run(self) -> list[str]:
        """Return what could not be removed."""
        self._empty(self._top)
        while self._pending:
            name = self._pending.pop()
            try:
                descriptor = _opened(name, self._top)
                try:
                    self._empty(descriptor)
                finally:
                    os.close(descriptor)
                os.rmdir(name, dir_fd=self._top)
            except FileNotFoundError:
                # Another removal of the same tree was faster.
                continue
            except OSError as exc:
                self._problems.append(f"{name}: {exc.strerror}")
        return self._problems

    def _empty(self, descriptor: int) -> None:
        with os.scandir(descriptor) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_directory in found:
            try:
                if not is_directory:
                    os.unlink(name, dir_fd=descriptor)
                elif not _removed_empty(name, descriptor):
                    self._move_up(name, descriptor)
            except FileNotFoundError:
                # A process that still runs was faster.
                continue
            except OSError as exc:
                self._problems.append(f"{name}: {exc.strerror}")
            self._removed += 1
            if not self._removed % _REMOVED_PER_TURN:
                self._pause()

    def _move_up(self, name: str, descriptor: int) -> None:
        if descriptor == self._top:
            self._pending.append(name)
            return
        new = f"{self._prefix}{self._removed}"
        try:
            os.rename(name, new, src_dir_fd=descriptor, dst_dir_fd=self._top)
        except PermissionError:
            # Closed by the job: a directory that moves must be writable itself.
            os.close(_opened(name, descriptor))
            os.rename(name, new, src_dir_fd=descriptor, dst_dir_fd=self._top)
        self._pending.append(new)


def _removed_itself(directory: str, top: int) -> bool:
    """Remove the empty directory *top* if it still is *directory*; tell whether nothing is left to do."""
    if not os.path.samestat(os.fstat(top), os.lstat(directory)):
        return True
    try:
        os.rmdir(directory)
    except OSError as exc:
        if exc.errno != errno.ENOTEMPTY:
            raise
        return False
    return True


def _removed_empty(name: str, parent: int) -> bool:
    """Remove a directory if it is empty, as most directories of most jobs are; tell whether it was."""
    try:
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        raise
    except OSError:
        # Not empty, or there is more to say about it, which opening it will.
        return False
    return True


def _opened(name: str, parent: int | None) -> int:
    """Open a directory, and open it up for its owner if a job has closed it."""
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        if os.fstat(handle).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            # Another owner's stays closed; then opening or removing it tells so.
            with contextlib.suppress(PermissionError):
                os.chmod(f"/proc/self/fd/{handle}", 0o700)
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
    finally:
        os.close(handle)
