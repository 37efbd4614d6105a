"""A configuration file on disk: read once, replaced as a whole or not at all. Private to the collection."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from .error import JobConfError

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class ConfigFile(NamedTuple):
    """A file and what it held when it was read; *real_path* is where a link to it leads."""

    path: str
    real_path: str
    content: bytes


def read_file(path: str) -> ConfigFile:
    """Read a file; raises `JobConfError`."""
    real_path = os.path.realpath(path)
    try:
        with open(real_path, "rb") as file:
            return ConfigFile(path, real_path, file.read())
    except FileNotFoundError as exc:
        raise JobConfError("it does not exist: have Galaxy read one first, with all that it needs") from exc
    except OSError as exc:
        raise JobConfError(f"it cannot be read: {exc.strerror}") from exc


def replace_file(module: AnsibleModule, file: ConfigFile, content: bytes, *, backup: bool) -> str | None:
    """Replace a file by one rename, with the same owner and mode; return the path of a backup, if any.

    Raises `JobConfError` if it is not what it was when it was read, or may not be written.
    """
    directory = os.path.dirname(file.real_path)
    for place in (file.real_path, directory):
        if not os.access(place, os.W_OK):
            raise JobConfError(f"{place} must not be written by the user that this runs as")
    descriptor, new = tempfile.mkstemp(dir=module.tmpdir)
    module.add_cleanup_file(new)
    with open(descriptor, "wb") as stream:
        stream.write(content)
    if read_file(file.path) != file:
        raise JobConfError("somebody else changed it in the meantime: try again")
    saved: str | None = module.backup_local(file.real_path) if backup else None
    module.atomic_move(new, file.real_path)
    return saved
