"""Path types: which directory a file belongs to, and what its name may look like (protocol section 2.4)."""

from __future__ import annotations

import attrs

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath


@attrs.frozen
class _PathType:
    directory: Directory
    #: Whether the name may hold sub-directories; if not, only its last component counts.
    nested: bool
    #: Whether ``*`` and ``?`` stand for a file that is there.
    globbed: bool = False


_PATH_TYPES = {
    "input": _PathType(Directory.INPUTS, nested=True),
    "unstructured": _PathType(Directory.UNSTRUCTURED, nested=True),
    "config": _PathType(Directory.CONFIGS, nested=False),
    "tool": _PathType(Directory.TOOL_FILES, nested=True),
    "jobdir": _PathType(Directory.JOB, nested=False),
    "workdir": _PathType(Directory.WORKING, nested=False),
    "metadata": _PathType(Directory.METADATA, nested=True),
    "output": _PathType(Directory.OUTPUTS, nested=True),
    "output_workdir": _PathType(Directory.WORKING, nested=True, globbed=True),
    "output_metadata": _PathType(Directory.METADATA, nested=True),
    "output_jobdir": _PathType(Directory.JOB, nested=False),
}

#: Types whose files a client may ask for; any other type means an output (trap 13).
_DOWNLOADS = {
    "output_workdir": Directory.WORKING,
    "output_metadata": Directory.METADATA,
}

OUTPUT = "output"


def uploaded_file(name: str, path_type: str) -> JobFile:
    """Say where an upload of this name and type goes; raises `MalformedRequest` or `UnsafePath`."""
    kind = _PATH_TYPES.get(path_type)
    if kind is None:
        raise MalformedRequest(f"type {path_type!r} is unknown: known are {', '.join(sorted(_PATH_TYPES))}")
    if not kind.nested:
        name = name.rpartition("/")[2]
    return JobFile(kind.directory, RelativePath.parse(name))


def downloaded_file(name: str, path_type: str) -> JobFile:
    """Say where a file lies that a client asks for."""
    return JobFile(_DOWNLOADS.get(path_type, Directory.OUTPUTS), RelativePath.parse(name))


def located_file(name: str, path_type: str) -> JobFile:
    """Say where a file of this type lies or would lie."""
    if path_type in _DOWNLOADS:
        return downloaded_file(name, path_type)
    return uploaded_file(name, path_type)


def is_pattern(name: str, path_type: str) -> bool:
    """Tell whether the name is to be expanded to a file that is there."""
    kind = _PATH_TYPES.get(path_type)
    return kind is not None and kind.globbed and ("*" in name or "?" in name)
