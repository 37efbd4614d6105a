"""Removing a directory tree, also what a job has closed against its own user."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from types import TracebackType
from typing import Any


def remove_tree(directory: str) -> list[str]:
    """Remove *directory*; return what could not be removed, and why."""
    problems: list[str] = []

    def open_and_retry(
        remove: Callable[..., Any],
        path: str,
        _error: tuple[type[BaseException], BaseException, TracebackType],
    ) -> None:
        try:
            os.chmod(os.path.dirname(path), 0o700)
            if os.path.isdir(path) and not os.path.islink(path):
                # Closed by the job: neither listed nor entered until it is opened again.
                os.chmod(path, 0o700)
                shutil.rmtree(path)
            else:
                remove(path)
        except FileNotFoundError:
            pass
        except OSError as exc:
            problems.append(f"{os.path.relpath(path, directory)}: {exc.strerror}")

    # Never follows a link that a running process swaps in (shutil.rmtree.avoids_symlink_attacks).
    shutil.rmtree(directory, onerror=open_and_retry)
    if os.path.lexists(directory) and not problems:
        problems.append("files appeared while it was being removed")
    return problems
