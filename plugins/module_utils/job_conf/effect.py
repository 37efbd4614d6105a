"""Which of the places that a job configuration can be in Galaxy and Gravity read.

Private to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from .error import JobConfError
from .yaml_library import load

GALAXY_FILE = "galaxy.yml"


class Settings(NamedTuple):
    """What a ``galaxy.yml`` says about the job configuration."""

    path: str
    has_inline: bool
    #: None if Galaxy looks for the usual names.
    file: str | None
    directory: str

    def effective_file(self) -> str | None:
        """Return the file that is read unless there is an inline configuration; None if there is none."""
        if self.file:
            return self.file
        usual = (os.path.join(self.directory, name) for name in ("job_conf.yml", "job_conf.xml"))
        return next((path for path in usual if os.path.exists(path)), None)


def read_settings(path: str, text: str) -> Settings:
    """Return what the text of a ``galaxy.yml`` says."""
    whole = load(text)
    found = whole.get("galaxy") if isinstance(whole, dict) else None
    galaxy: Mapping[str, Any] = found if isinstance(found, dict) else {}
    directory = os.path.join(os.path.dirname(os.path.abspath(path)), str(galaxy.get("config_dir") or ""))
    file = galaxy.get("job_config_file")
    return Settings(
        path=path,
        has_inline="job_config" in galaxy,
        file=os.path.join(directory, str(file)) if file else None,
        directory=directory,
    )


def refuse_without_effect(path: str, settings: Settings | None, *, inline: bool) -> list[str]:
    """Raise `JobConfError` if Galaxy does not read the job configuration at *path*; return warnings.

    If there is an inline configuration and a file, Galaxy reads the former, and Gravity, which starts the
    handlers, the latter.
    """
    if settings is None:
        beside = os.path.join(os.path.dirname(path), "job_conf.yml")
        if os.path.basename(path) == "job_conf.xml" and os.path.exists(beside):
            raise JobConfError(f"Galaxy does not read it unless told to, but {beside}: edit that")
        return []
    file = settings.effective_file()
    if inline:
        if not file or not os.path.exists(file):
            return []
        return [
            (
                f"there is {file} as well: Galaxy reads the job_config in {settings.path}, but Gravity takes "
                "the handlers from the file; keep one of them"
            )
        ]
    if settings.has_inline:
        raise JobConfError(
            f"it has no effect: Galaxy reads the job_config in {settings.path}, and Gravity this file for "
            f"its handlers: edit {settings.path}, or remove one of them"
        )
    if file and os.path.realpath(file) != os.path.realpath(path):
        raise JobConfError(f"it has no effect: by {settings.path}, Galaxy reads {file}: edit that")
    return []
